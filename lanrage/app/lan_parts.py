"""The parts of the LAN plane, joined in one place."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from lanrage.app.lan_config import LanSettings
from lanrage.app.lan_physical import LanMachine, physical_parts
from lanrage.app.lan_stages import LanPart, Plane
from lanrage.core.lan_limits import LanLimits


def make_parts(reactor: Any, settings: LanSettings, plane: Plane, machine: LanMachine) -> Collection[LanPart]:
    """Make the parts that the settings ask for; each puts itself into the plane's stages."""
    del settings
    limits = LanLimits()
    plane.outgoing.limit, plane.incoming.admit = limits.outgoing, limits.incoming
    return physical_parts(reactor, plane, machine)
