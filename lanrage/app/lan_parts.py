"""The parts of the LAN plane, joined in one place."""

from __future__ import annotations

import os
from collections.abc import Collection
from typing import Any

from lanrage.app.lan_config import LanSettings
from lanrage.app.lan_neighbours import LanNeighbours
from lanrage.app.lan_stages import LanPart, Plane
from lanrage.core.lan_limits import LanLimits
from lanrage.net.machine import Machine
from lanrage.net.neighbour_port import NeighbourPort
from lanrage.net.network_events import NetworkEvents


def make_parts(reactor: Any, settings: LanSettings, plane: Plane) -> Collection[LanPart]:
    """Make the parts that the settings ask for; each puts itself into the plane's stages."""
    del settings
    limits = LanLimits()
    plane.outgoing.limit, plane.incoming.admit = limits.outgoing, limits.incoming
    machine = Machine(reactor)
    neighbours = LanNeighbours(
        reactor, plane, NeighbourPort(reactor), NetworkEvents(reactor), machine.local_addresses, os.urandom
    )
    return (neighbours,)
