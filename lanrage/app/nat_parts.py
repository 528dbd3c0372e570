"""Joins the NAT watch and the keepalives to a party's links, in one place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lanrage.app.keepalives import Keepalives
from lanrage.app.lifetime_test import LifetimeTest
from lanrage.app.links import Links
from lanrage.app.nat_watch import NatSurroundings, NatWatch
from lanrage.app.reflexive import ReflexiveWatch
from lanrage.core.candidates import CandidateKind
from lanrage.core.links import Endpoint
from lanrage.core.nat import NatKind
from lanrage.interfaces import IProbePort


def join_nat_watch(
    reactor: Any,
    links: Links,
    reflexive: ReflexiveWatch,
    send: Callable[[bytes, Endpoint], None],
    spare_port: Callable[[], IProbePort],
    connected: Callable[[], bool],
    random: Callable[[int], bytes],
) -> NatWatch:
    """A watch that learns the reflectors from `reflexive` and tells `links` what this node is behind.

    :param send: from WireGuard's port.
    :param spare_port: makes an ordinary UDP port.
    :param connected: whether the control server is connected.
    """
    around = NatSurroundings(lambda: _own(links), connected, lambda: _reached(links), lambda kind: _set(links, kind))
    watch = NatWatch(reactor, send, around, random, LifetimeTest(reactor, spare_port, random))
    keepalives = Keepalives(reactor, lambda: links.nat, lambda: watch.lifetime)
    links.keepalive = keepalives.seconds
    reflexive.found, reflexive.noticed = watch.use, watch.seen
    before = links.on_moved

    def moved() -> None:
        before()
        keepalives.moved()
        watch.moved()

    links.on_moved = moved
    return watch


def _own(links: Links) -> set[Endpoint]:
    return {c.endpoint for c in links.candidates() if c.kind is CandidateKind.LOCAL}


def _reached(links: Links) -> bool:
    """A member beyond this network, or a relay, is reached by UDP."""
    here = (CandidateKind.LOCAL, CandidateKind.RELAY_TCP)
    paths = (path for link in links.peers.values() for path in link.plan.paths.values())
    return any(path.proven and path.candidate.kind not in here for path in paths)


def _set(links: Links, kind: NatKind) -> None:
    links.nat = kind
    links.offer_to_all()
