"""The relay's speed: ``python -m tests.bench relay [--json] [--quick]`` (root).

Six ways between two hosts, each through a machine (namespace) of its own, by turns in one run: routed, DNAT and SNAT by
hand, our relay in the kernel and in userspace, a bare Twisted forwarder, coturn. Ratios are medians over the
rounds of the two rates of one round, so what else this machine does harms both alike. ``kernel_ratio`` compares rates
for a second of the senders' processor time: both its ways run in it alone, so it is that of an undisturbed machine.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.bench.relay_cases import held, is_root, strangers, victim
from tests.bench.relay_load import Generator, Rate, quantile, round_trips
from tests.bench.relay_net import LOCALS, SOCKETS, Net
from tests.bench.relay_ways import COTURN, HAND, KERNEL, PLAIN, TWISTED, USERSPACE, WAYS, Ways

AT_LEAST = {"kernel_ratio": 0.9, "userspace_ratio": 1.2, "coturn_ratio": 1.0, "pairs_held": 10_000}
AT_MOST = {"victim_ratio": 2.0, "stranger_data_factor": 0.0, "stranger_control_factor": 1.0, "stranger_forwarded": 0}
"""Limits of the figures; those that were not measured do not count."""
RATIOS = {
    "kernel_ratio_wall": (KERNEL, HAND),
    "userspace_ratio": (USERSPACE, TWISTED),
    "coturn_ratio": (KERNEL, COTURN),
    "kernel_to_plain": (KERNEL, PLAIN),
    "userspace_to_plain": (USERSPACE, PLAIN),
    "userspace_to_coturn": (USERSPACE, COTURN),
}


def options(argv: Sequence[str]) -> argparse.Namespace:
    """What a run is to do."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench relay", description=__doc__)
    parser.add_argument("--rounds", type=int, default=12, help="of the rates; each measures every way once")
    parser.add_argument("--seconds", type=float, default=0.3, help="of one way in one round")
    parser.add_argument("--trips", type=int, default=1000, help="round trips of one way in one round")
    parser.add_argument("--pairs", type=int, default=10_000, help="pairs held; 0 = not measured")
    parser.add_argument("--quick", action="store_true", help="a look: 3 short rounds, 500 pairs held")
    chosen = parser.parse_args(argv)
    if chosen.quick:
        chosen.rounds, chosen.seconds, chosen.trips, chosen.pairs = 3, 0.2, 200, 500
    return chosen


def run(argv: Sequence[str]) -> dict[str, Any]:
    """Measure; the figures by name."""
    chosen = options(argv)
    if not is_root():
        return {"ok": False, "shortfalls": ["it makes network namespaces and needs root"]}
    with TemporaryDirectory() as name:
        folder = Path(name)
        net = Net(WAYS)
        try:
            ways = Ways(net, folder)
            net.start_echo()
            figures = rates(net, ways, folder, chosen) | trips(net, ways, chosen)
            ways.refresh()
            figures["victim"] = victim(net, ways, max(3, chosen.rounds // 3), chosen.trips)
            figures["strangers"] = strangers(net, ways)
        finally:
            net.close()
        if chosen.pairs:
            figures["held"] = held(folder, chosen.pairs)
    return summed(figures, chosen.pairs)


def rates(net: Net, ways: Ways, folder: Path, chosen: argparse.Namespace) -> dict[str, Any]:
    """Packets a second of each way, and how they compare."""
    generator = Generator(net, ways.aims, folder)
    rounds: list[dict[str, Rate]] = []
    for number in range(chosen.rounds + 1):
        ways.refresh()
        with net.sink() as count:
            order = WAYS if number % 2 else WAYS[::-1]
            found = {way: generator.best(way, chosen.seconds, count) for way in order}
        if number:  # the first round warms up
            rounds.append(found)
    figures: dict[str, Any] = {
        "pairs": SOCKETS * LOCALS,
        "payload_bytes": 64,
        "packets_per_second": {},
        "lost_share": {},
    }
    for way in WAYS:
        figures["packets_per_second"][way] = round(statistics.median(each[way].wall for each in rounds))
        figures["lost_share"][way] = round(statistics.median(each[way].lost for each in rounds), 3)
    for name, (one, other) in RATIOS.items():
        figures[name] = round(statistics.median(each[one].wall / each[other].wall for each in rounds), 3)
    by_cpu = statistics.median(each[KERNEL].cpu / each[HAND].cpu for each in rounds)
    return figures | {"kernel_ratio": round(by_cpu, 3)}


def trips(net: Net, ways: Ways, chosen: argparse.Namespace) -> dict[str, Any]:
    """Round trips of each way while nothing else flows: the medians of the rounds' p50 and p99."""
    rounds: list[dict[str, list[float]]] = []
    for _ in range(max(3, chosen.rounds // 3)):
        ways.refresh()
        rounds.append({way: round_trips(net, ways.aims[way], chosen.trips) for way in WAYS})
    return {
        "round_trip_us": {
            way: {
                name: round(statistics.median(quantile(each[way], share) for each in rounds))
                for name, share in (("p50", 0.5), ("p99", 0.99))
            }
            for way in WAYS
        }
    }


def summed(figures: dict[str, Any], pairs: int) -> dict[str, Any]:
    """The figures with those that have limits, ``ok``, and a sentence for each limit that is not kept."""
    by_way = figures["strangers"].values()
    factors = [item for each in by_way for item in each.items()]
    figures["victim_ratio"] = max(each["ratio"] for each in figures["victim"].values())
    figures["stranger_data_factor"] = max(value for name, value in factors if name.startswith("data"))
    figures["stranger_control_factor"] = max(value for name, value in factors if name.startswith("control"))
    figures["stranger_forwarded"] = max(each["forwarded"] for each in by_way)
    at_least = dict(AT_LEAST)
    if pairs:
        figures["pairs_held"] = min(figures["held"][way]["held"] for way in (KERNEL, USERSPACE))
        at_least["pairs_held"] = pairs
    return figures | judged(figures, at_least)


def judged(figures: dict[str, Any], at_least: dict[str, float]) -> dict[str, Any]:
    """Which limits the figures keep."""
    short = [
        f"{name} is {figures[name]}, not at least {limit}"
        for name, limit in at_least.items()
        if name in figures and figures[name] < limit
    ]
    short += [
        f"{name} is {figures[name]}, not at most {limit}"
        for name, limit in AT_MOST.items()
        if name in figures and figures[name] > limit
    ]
    return {"ok": not short, "limits": at_least | AT_MOST, "shortfalls": short}
