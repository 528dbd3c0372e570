"""The parts of the LAN plane, joined in one place."""

from __future__ import annotations

import os
from collections.abc import Collection
from typing import Any

from lanrage.app.lan_config import LanSettings, Replicator
from lanrage.app.lan_interest import LanInterest
from lanrage.app.lan_probe import LanProbe
from lanrage.app.lan_replicator import LanReplicator
from lanrage.app.lan_stages import LanPart, Plane
from lanrage.core.interest import UNKNOWN, Opened
from lanrage.core.lan_limits import LanLimits
from lanrage.net.openings import Openings
from lanrage.net.probe_socket import ProbeSocket
from lanrage.net.proc_net import ProcNet


def make_parts(reactor: Any, settings: LanSettings, plane: Plane, tables: ProcNet) -> Collection[LanPart]:
    """Make the parts that the settings ask for; each puts itself into the plane's stages.

    :param tables: of this machine's network namespace.
    """
    limits = LanLimits()
    plane.outgoing.limit, plane.incoming.admit = limits.outgoing, limits.incoming
    openings = Openings(plane.lan.network, tables.read)
    epoch = int.from_bytes(os.urandom(4), "big")
    parts: list[LanPart] = [
        LanInterest(plane, reactor, lambda fresh: _look(plane, openings, fresh), epoch, settings.interest)
    ]
    if settings.replicator is Replicator.HOST:
        parts.append(LanReplicator(plane, reactor))
    parts.append(LanProbe(plane, reactor, ProbeSocket(reactor), os.urandom))
    return parts


def _look(plane: Plane, openings: Openings, fresh: bool) -> Opened:
    """What is open here; a room's games are in another network namespace, so with one open it is not known."""
    return UNKNOWN if len(plane.rooms) else openings.look(fresh)
