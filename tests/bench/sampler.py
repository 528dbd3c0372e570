"""``python -m tests.bench sampler``: what a node of a party of 16 spends each second on measuring itself.

The links are real ones over an underlay in memory, with every kind of path that they find by themselves; the LAN plane
is a real one without frames. Measured is the time on the reactor's thread: reading all sources, the rings, the alerts,
and the page for Prometheus.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from ipaddress import IPv4Interface
from statistics import fmean, quantiles
from typing import Any

import attrs
from twisted.internet.task import Clock

from lanrage.app import metrics_of_node
from lanrage.app.lan import LanPlane
from lanrage.app.links import Links
from lanrage.app.metering import Metering
from lanrage.app.metering_config import MeteringSettings
from lanrage.core.lan_frames import Drop
from tests.app.link_world import LinkWorld
from tests.fakes_lan import MemoryCard, MemoryPort

MEMBERS = 16
SETTLED = 30.0
"""Seconds of the world in which all paths are found and their qualities known."""
LIMIT_MS = 10.0
"""99 of 100 samples must be done within so many: a game's packet that comes in the middle waits no longer."""


@attrs.define
class Entry:
    """A member of the replica, as far as it is read."""

    online: bool = True


class Replica:
    """The members."""

    def __init__(self, links: Links) -> None:
        self.members = {identity: Entry() for identity in links.peers}


class Guarding:
    """The party firewall's counters."""

    def counters(self) -> dict[str, int]:
        """See :class:`lanrage.app.guarding.Guarding`."""
        return {"guard_refused": 3, "guard_restored": 0}


@attrs.define
class Session:
    """A party session, as far as it is read."""

    links: Links
    lan: LanPlane
    guarding: Guarding = attrs.field(factory=Guarding)


@attrs.define
class Life:
    """A node's party life, as far as it is read."""

    session: Session
    replica: Replica
    link: None = None


def make_life(members: int) -> Any:
    """One node with open paths to all others."""
    world = LinkWorld()
    players = [world.player(f"player{number}", number) for number in range(1, members + 1)]
    hub = players[0]
    hub.follow([player.member for player in players])
    for player in players[1:]:
        player.follow([hub.member, player.member])
    world.run(SETTLED)
    plane = LanPlane(world.clock, MemoryCard("lanrage0"), MemoryPort(), IPv4Interface(f"{hub.address}/24"), 7)
    for drop in Drop:
        plane._counters.drop(drop)
    return Life(Session(hub.links, plane), Replica(hub.links))


def timed(call: Callable[[], object], rounds: int) -> list[float]:
    """Milliseconds of each call, of this thread's processor time: what others do on the machine is not counted."""
    taken = []
    for _ in range(rounds):
        began = time.thread_time()
        call()
        taken.append((time.thread_time() - began) * 1000)
    return taken


def figures(taken: Sequence[float]) -> dict[str, float]:
    """Of some calls."""
    cuts = quantiles(taken, n=100)
    return {
        "mean_ms": round(fmean(taken), 3),
        "p50_ms": round(cuts[49], 3),
        "p99_ms": round(cuts[98], 3),
        "max_ms": round(max(taken), 3),
    }


def run(words: Sequence[str]) -> dict[str, Any]:
    """Measure."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench sampler", description=__doc__.partition("\n")[0])
    parser.add_argument("--members", type=int, default=MEMBERS, help="of the party [16]")
    parser.add_argument("--samples", type=int, default=1000, help="that are taken [1000]")
    chosen = parser.parse_args(words)
    life, clock = make_life(chosen.members), Clock()
    sources = {
        "party": lambda: metrics_of_node.party(life, time.time()),
        "lan": lambda: metrics_of_node.lan(life.session),
    }
    metering = Metering(clock, MeteringSettings(), sources)

    def second() -> None:
        clock.advance(1.0)
        metering.sampler.look()

    def page() -> None:
        second()
        metering._text()

    samples = figures(timed(second, chosen.samples))
    pages = figures(timed(page, max(10, chosen.samples // 10)))
    return {
        "members": chosen.members,
        "series": len(metering.sampler.last.readings),
        "page_bytes": len(metering._text()[1]),
        "sample": samples,
        "sample_and_page": pages,
        "failures": sum(metering.sampler.failures.values()),
        "ok": samples["p99_ms"] <= LIMIT_MS and not metering.sampler.failures,
    }
