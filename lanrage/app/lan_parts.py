"""The parts of the LAN plane, joined in one place."""

from __future__ import annotations

import os
from collections.abc import Collection
from typing import Any

import attrs

from lanrage.app.lan_config import LanSettings, Replicator
from lanrage.app.lan_interest import LanInterest
from lanrage.app.lan_leases import LanLeases
from lanrage.app.lan_probe import LanProbe
from lanrage.app.lan_replicator import LanReplicator
from lanrage.app.lan_stages import LanPart, Plane
from lanrage.core.interest import Opened
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
    interest = LanInterest(plane, reactor, lambda fresh: _look(plane, openings, fresh), _epoch(), settings.interest)
    parts: list[LanPart] = [interest]
    if settings.leases:
        leases = LanLeases(reactor, plane, _epoch())
        interest.on_opened = leases.replay_now
        parts.append(leases)
    if settings.replicator is Replicator.HOST:
        parts.append(LanReplicator(plane, reactor))
    parts.append(LanProbe(plane, reactor, ProbeSocket(reactor), os.urandom))
    return parts


def _epoch() -> int:
    return int.from_bytes(os.urandom(4), "big")


def _look(plane: Plane, openings: Openings, fresh: bool) -> Opened:
    """What is open here; not known while others hear by this machine: a room's games, a device behind a bridge."""
    found = openings.look(fresh)
    return attrs.evolve(found, unknown=True) if len(plane.rooms) or plane.incoming.hears_all() else found
