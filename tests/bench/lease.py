"""What leases save, and whether anybody can tell: announcements of real programs, played through the real machines.

One member announces, fifteen others hear, over a carrier with delay, jitter and loss, on a virtual clock. The rules
on ports are left out, so that SSDP and mDNS can be played, too. Compared is with carrying all to each member.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Collection, Iterator, Mapping, Sequence
from ipaddress import IPv4Address
from itertools import pairwise
from typing import Any

import attrs

from lanrage.core.beacons import template
from lanrage.core.frame_rules import canonical
from lanrage.core.lan_frames import Drop, Frame
from lanrage.lab.result import percentile
from lanrage.wire.frames import Kind
from lanrage.wire.packets import read_frame, write_frame
from tests.bench.announcements import BEACONS, Announcement, recorded
from tests.lease_world import World, cost
from tests.strategies_lan import ME, NETWORK

BYTES_RATIO = 0.1
GAP_PERIODS = 1.1
STALE_PERIODS, STALE_SECONDS = 2.0, 1.0
TAIL_S = 400.0
"""How long it is looked for repetitions after the end."""
DELAY_S, JITTER_S, LOSS = 0.02, 0.015, 0.01
"""Of the carrier: a way of 20 ms that varies by up to 15 ms more and loses one datagram in a hundred."""
PERIODIC = (0.2, 61.2)
"""Seconds between equal announcements that a lease may cover."""
EVEN, MOST = 0.25, 0.9
"""Share of the median by which so many of the gaps of one announcement may differ, where it has a period."""
BURST = 0.1
"""Share of the longest gap within which an equal announcement is another copy of one."""


def run(words: Sequence[str]) -> dict[str, Any]:
    """Play all; ``ok`` when bytes, gaps and staleness keep their limits and no entry was lost from a list."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench lease", description=__doc__)
    parser.add_argument("--members", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(words)
    known = [*recorded(chosen.seconds), *(beacon.play(chosen.seconds) for beacon in BEACONS)]
    played = {each.name: play(each, chosen.members, random.Random(f"{chosen.seed} {each.name}")) for each in known}
    total = join(played.values())
    return {
        "ok": total.bytes_ratio <= BYTES_RATIO and all(each.ok for each in played.values()),
        "limits": {"bytes_ratio": BYTES_RATIO, "gap_p99_periods": GAP_PERIODS, "stale": "2 periods + 1 s"},
        "programs": len(played),
        **total.figures(),
        "each": {name: each.figures() for name, each in played.items()},
    }


@attrs.define
class Lossy:
    """A carrier that delays and loses."""

    source: random.Random

    def __call__(self, _sender: IPv4Address, _receiver: IPv4Address) -> Collection[float]:
        return () if self.source.random() < LOSS else (DELAY_S + JITTER_S * self.source.random(),)


def no_rules(_frame: Frame, _member: IPv4Address, _lan: object) -> Drop | None:
    """Everything may be leased."""
    return None


@attrs.define
class Played:
    """What came out.

    :ivar carried: bytes that carrying all would have taken.
    :ivar leased: bytes that went.
    :ivar gaps: between two sights of one announcement while it was leased or carried, in its periods.
    :ivar stale: seconds from an announcement's end to its last repetition, less the two periods that are allowed.
    """

    carried: int = 0
    leased: int = 0
    announced: int = 0
    visible_lost: int = 0
    gaps: list[float] = attrs.field(factory=list)
    bare_gaps: list[float] = attrs.field(factory=list)
    stale: list[float] = attrs.field(factory=list)
    stale_over: int = 0
    granted: int = 0

    @property
    def bytes_ratio(self) -> float:
        """Against carrying all."""
        return self.leased / self.carried

    @property
    def gap_p99(self) -> float | None:
        """In periods."""
        return _p99(self.gaps)

    @property
    def ok(self) -> bool:
        """All but the bytes, which are judged in total."""
        return not self.visible_lost and not self.stale_over and self.gap_added <= GAP_PERIODS

    @property
    def gap_added(self) -> float:
        """The gap in periods; where the program itself pauses longer than a period, against that pause."""
        return (self.gap_p99 or 0.0) / max(1.0, _p99(self.bare_gaps) or 1.0)

    def figures(self) -> dict[str, Any]:
        """For people."""
        return {
            "announced": self.announced,
            "granted": self.granted,
            "bytes_ratio": round(self.bytes_ratio, 4),
            "visible_lost": self.visible_lost,
            "gap_p99_periods": self.gap_p99,
            "gap_p99_sent": _p99(self.bare_gaps),
            "stale_s": round(max(self.stale), 3) if self.stale else None,
        }


def _p99(gaps: Collection[float]) -> float | None:
    value = percentile(sorted(gaps), 99)
    return None if value is None else round(value, 4)


def join(played: Collection[Played]) -> Played:
    """All programs together."""
    total = Played()
    for each in played:
        for field in attrs.fields(Played):
            setattr(total, field.name, getattr(total, field.name) + getattr(each, field.name))
    return total


def play(announcement: Announcement, members: int, source: random.Random) -> Played:
    """One program, once."""
    hosts = [ME, *list(NETWORK.hosts())[1:members]]
    world = World.of(hosts, Lossy(source), no_rules)
    world.run(5.0)
    greetings, start = world.carried, world.clock.seconds()
    result, sent = Played(), {}  # type: tuple[Played, dict[Frame, list[float]]]
    for when, datagram in announcement.packets:
        world.run(max(0.0, start + when - world.clock.seconds()))
        frame = canonical(datagram)
        world.announce(ME, frame)
        sent.setdefault(template(frame), []).append(world.clock.seconds())
        result.carried += cost(Kind.FRAME, write_frame(frame)) * (members - 1)
        result.announced += 1
    world.run(TAIL_S)
    result.leased = world.carried - greetings
    result.granted = world.members[ME].leases.counters()["leases_granted"]
    for host in hosts[1:]:
        _look(announcement, sent, world.members[host].seen, result)
    for times in sent.values():
        result.bare_gaps += _in_periods(_rounds(times), _period(times))
    return result


def _look(
    announcement: Announcement,
    sent: Mapping[Frame, Sequence[float]],
    seen: Sequence[tuple[float, IPv4Address, bytes]],
    result: Played,
) -> None:
    """What one member's sockets saw of it."""
    by_form: dict[Frame, list[float]] = {}
    for when, _, data in seen:
        frame = read_frame(data)
        assert isinstance(frame, Frame)
        by_form.setdefault(template(frame), []).append(when)
    for form, times in sent.items():
        period = _period(times)
        if period is None:
            continue
        here = by_form.get(form, [])
        result.gaps += _in_periods(_rounds([each for each in here if each <= times[-1] + DELAY_S + JITTER_S]), period)
        last = (here[-1] if here else times[-1]) - times[-1]
        result.stale.append(last)
        result.stale_over += last > STALE_PERIODS * period + STALE_SECONDS
        patience = announcement.timeout or 3 * period
        ends = [*here, times[-1]] if here and here[-1] < times[-1] else here
        limit = max(patience, _longest(times) + patience / 2)
        shown = [each for each in ends if each <= times[-1] + period]
        result.visible_lost += sum(later - earlier > limit for earlier, later in _pairs(shown))


def _longest(times: Sequence[float]) -> float:
    """The longest that the program itself was silent."""
    return max((later - earlier for earlier, later in _pairs(times)), default=0.0)


def _rounds(times: Sequence[float]) -> list[float]:
    """The first of each burst."""
    burst = max(BURST, BURST * _longest(times))
    return [when for number, when in enumerate(times) if not number or when - times[number - 1] >= burst]


def _period(times: Sequence[float]) -> float | None:
    """The median gap between bursts, if there is a period that leases know, and four announcements at least."""
    gaps = sorted(later - earlier for earlier, later in _pairs(_rounds(times)))
    if len(gaps) < 3:
        return None
    median = gaps[len(gaps) // 2]
    even = sum(abs(gap - median) <= EVEN * median for gap in gaps) >= MOST * len(gaps)
    return median if even and PERIODIC[0] <= median <= PERIODIC[1] else None


def _in_periods(times: Sequence[float], period: float | None) -> list[float]:
    return [] if period is None else [(later - earlier) / period for earlier, later in _pairs(times)]


def _pairs(times: Sequence[float]) -> Iterator[tuple[float, float]]:
    return pairwise(times)
