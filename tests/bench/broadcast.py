"""Broadcasts of 16 members against unicast datagrams of the same process: what arrives, how late, at what cost."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from statistics import median
from typing import Any

import attrs

from lanrage.lab import roles
from lanrage.lab.demo import laboratory
from lanrage.lab.folder import BASE
from lanrage.lab.lab import Lab
from lanrage.lab.paths import expected_paths, settle
from lanrage.lab.result import Result, percentile
from tests.bench.broadcast_sockets import Arrival, Sockets
from tests.bench.tunnel import cpu_ns

SETTLE_S = 30.0
"""Paths of 120 pairs on two cores."""
CALM_S = 20.0
"""A path is pinged each second until it has ten samples; what is measured is a party that has met."""
QUIET_S = 1.0
"""Nothing is on its way any more when nothing has come for so long."""
LADDER = (400, 800, 1200, 1600, 2000, 2400, 2800)
"""Packets a second of all members together, until the first is lost."""
STEP_S = 4.0

MEDIAN_RATIO = 3.0
"""Aim: the median receiver hears a broadcast at most so many times later than a unicast datagram arrives."""


def run(words: Sequence[str]) -> dict[str, Any]:
    """Measure."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench broadcast", description=__doc__)
    parser.add_argument("--members", type=int, default=16, help="of the party [16]")
    parser.add_argument("--rate", type=int, default=200, help="packets a second, of all members in turn [200]")
    parser.add_argument("--seconds", type=float, default=30.0, help="of the main measurement [30]")
    parser.add_argument("--no-ladder", action="store_true", help="do not look for the rate of the first loss")
    parser.add_argument("--name", default="g-bcast", help="of the laboratory [g-bcast]")
    chosen = parser.parse_args(words)
    with party(chosen.name, chosen.members) as stage:
        return judged(measure(stage, chosen.rate, chosen.seconds, not chosen.no_ladder))


@attrs.frozen
class Stage:
    """A party that has met, with a sender and two receivers on each member's machine."""

    lab: Lab
    sockets: Sockets

    def python_ns(self) -> int:
        """CPU time of all nodes until now, WireGuard's own program not included."""
        return sum(cpu_ns(self.lab, host) for host in self.lab.plan.hosts)


@contextmanager
def party(name: str, members: int) -> Iterator[Stage]:
    """Open hosts with real nodes, all pairs direct."""
    with laboratory(name, ("open",) * members, BASE, lambda _text: None) as lab:
        lab.start(roles.roles(lab.plan))
        lab.gather()
        settle(lab, Result("broadcast"), expected_paths(lab.plan), SETTLE_S)
        addresses = lab.addresses()
        with Sockets.opened([(host.netns, addresses[host.name]) for host in lab.plan.hosts]) as sockets:
            time.sleep(CALM_S)
            yield Stage(lab, sockets)


def measure(stage: Stage, rate: int, seconds: float, ladder: bool) -> dict[str, Any]:
    """Unicast, broadcast, unicast; then more and more until something is lost."""
    sockets, members = stage.sockets, len(stage.lab.plan.hosts)
    before = paced(sockets.unicast, rate, seconds / 3, sockets)
    idle = _cpu(stage, lambda: time.sleep(seconds / 3)) / (seconds / 3)
    found: dict[str, Any] = {}

    def broadcasts() -> None:
        found["broadcast"] = paced(sockets.broadcast, rate, seconds, sockets)

    busy = _cpu(stage, broadcasts)
    after = paced(sockets.unicast, rate, seconds / 3, sockets)
    sent, arrivals = found["broadcast"]
    deliveries = len(arrivals)
    figures = {
        "members": members,
        "rate": rate,
        **delivered(sent, arrivals, members - 1),
        "python_cpu_us_per_delivery": round((busy - idle * (seconds + QUIET_S)) / 1000 / max(1, deliveries), 1),
        "unicast_delivered": round(len(before[1] + after[1]) / (before[0] + after[0]), 6),
        **latencies(before[1] + after[1], arrivals),
    }
    if ladder:
        figures["first_loss_rate"] = first_loss(sockets, members)
    figures["shed"] = shed(stage)
    return figures


def _cpu(stage: Stage, work: Callable[[], None]) -> float:
    """Nanoseconds of the nodes' CPU that passed meanwhile."""
    before = stage.python_ns()
    work()
    return stage.python_ns() - before


def paced(send: Callable[[int], None], rate: float, seconds: float, sockets: Sockets) -> tuple[int, list[Arrival]]:
    """Send by number, evenly; how many were sent, and all that arrived."""
    count, begin = round(rate * seconds), time.monotonic()
    for number in range(count):
        wait = begin + number / rate - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        send(number)
    return count, sockets.drain(QUIET_S)


def delivered(sent: int, arrivals: list[Arrival], receivers: int) -> dict[str, float]:
    """The share of what should have arrived that did, once each; and how many arrived again, or with a wrong source."""
    once = {(each.number, each.receiver) for each in arrivals if each.right}
    return {
        "delivered": round(len(once) / (sent * receivers), 6),
        "lost": sent * receivers - len(once),
        "duplicates": len(arrivals) - len({(each.number, each.receiver) for each in arrivals}),
        "wrong_source": sum(not each.right for each in arrivals),
    }


def latencies(unicast: list[Arrival], broadcast: list[Arrival]) -> dict[str, Any]:
    """One way, ms, by the kernel's time of arrival: unicast, and of each broadcast the median and the last receiver."""
    by_number: dict[int, list[float]] = {}
    for each in broadcast:
        by_number.setdefault(each.number, []).append(each.took_ms)
    kinds = {
        "unicast": [each.took_ms for each in unicast],
        "median_receiver": [median(times) for times in by_number.values()],
        "last_receiver": [max(times) for times in by_number.values()],
    }
    figures: dict[str, Any] = {
        name: {"p50_ms": round(percentile(times, 50) or 0, 3), "p99_ms": round(percentile(times, 99) or 0, 3)}
        for name, times in kinds.items()
    }
    for name in ("median_receiver", "last_receiver"):
        for rank in ("p50", "p99"):
            ratio = figures[name][f"{rank}_ms"] / max(1e-6, figures["unicast"][f"{rank}_ms"])
            figures[name][f"{rank}_ratio"] = round(ratio, 2)
    return figures


def first_loss(sockets: Sockets, members: int) -> int | None:
    """The first rate of the ladder at which something is lost; ``None`` where nothing was."""
    for rate in LADDER:
        sent, arrivals = paced(sockets.broadcast, rate, STEP_S, sockets)
        if delivered(sent, arrivals, members - 1)["lost"]:
            return rate
    return None


def shed(stage: Stage) -> dict[str, int]:
    """What the nodes dropped in all, by reason, where it is about load."""
    total: dict[str, int] = {}
    for host in stage.lab.plan.hosts:
        for name, count in stage.lab.call(host, "status")["lan"].items():
            if name in WATCHED and count:
                total[name] = total.get(name, 0) + count
    return total


WATCHED = {f"dropped_{name}" for name in ("storm", "game_limit", "member_limit", "party_limit", "flood", "queue_full")}
"""Counters that explain a loss."""


def judged(figures: dict[str, Any]) -> dict[str, Any]:
    """With the limits, and what breaks them."""
    limits = {"delivered": 1.0, "duplicates": 0, "wrong_source": 0, "median_receiver.p50_ratio": MEDIAN_RATIO}
    wrong = [
        f"{name}: {figures[name]} is not {limits[name]}"
        for name in ("delivered", "duplicates", "wrong_source")
        if figures[name] != limits[name]
    ]
    ratio = figures["median_receiver"]["p50_ratio"]
    if ratio > MEDIAN_RATIO:
        wrong.append(f"median_receiver.p50_ratio: {ratio} is more than {MEDIAN_RATIO}")
    return {**figures, "limits": limits, "shortfalls": wrong, "ok": not wrong}
