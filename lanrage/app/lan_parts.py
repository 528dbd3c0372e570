"""The parts of the LAN plane, joined in one place."""

from __future__ import annotations

import os
from collections.abc import Collection
from typing import Any

from lanrage.app.lan_config import LanSettings
from lanrage.app.lan_leases import LanLeases
from lanrage.app.lan_stages import LanPart, Plane
from lanrage.core.lan_limits import LanLimits


def make_parts(reactor: Any, settings: LanSettings, plane: Plane) -> Collection[LanPart]:
    """Make the parts that the settings ask for; each puts itself into the plane's stages."""
    limits = LanLimits()
    plane.outgoing.limit, plane.incoming.admit = limits.outgoing, limits.incoming
    parts: list[LanPart] = []
    if settings.leases:
        epoch = int.from_bytes(os.urandom(4), "big")
        parts.append(LanLeases(reactor, plane, epoch))
    return parts
