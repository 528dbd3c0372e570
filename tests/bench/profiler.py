"""The profiler beside a reactor's load: how much slower it makes that, what idling and a timed call cost.

A child process runs the same work, in small pieces in a reactor, without and with each way of profiling, in turn.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
import timeit
from collections.abc import Callable, Sequence
from typing import Any

from lanrage.app.profiler import Mode, Profiler
from lanrage.app.stall_watch import Stalls, StallWatch
from lanrage.timing import Timings
from tests.planted import minor_work, planted_hotspot

PIECES = 3
"""Times that one call of the reactor does the planted work."""

SAMPLING_RATIO = 1.05
"""Of the time of the work alone: what sampling may make of it."""
TIMED_NANOSECONDS = 1000.0
"""What timing may add to a call."""
WAYS = ("alone", "watched", "sampling", "deterministic")


def run(words: Sequence[str]) -> dict[str, Any]:
    """Measure."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench profiler", description=__doc__)
    parser.add_argument("--turns", type=int, default=1500, help="turns of the reactor in a timed run [1500]")
    parser.add_argument("--rounds", type=int, default=7, help="timed runs of each way, in turn [7]")
    parser.add_argument("--idle", type=float, default=2.0, help="seconds that an idle reactor is looked at [2]")
    chosen = parser.parse_args(words)
    rounds: dict[str, list[dict[str, Any]]] = {way: [] for way in WAYS}
    for _ in range(chosen.rounds):
        for way in WAYS:
            rounds[way].append(_child(way, chosen.turns, 0.0))
    # Of processor time, and the best of the runs: what else runs on this machine is no cost of profiling.
    seconds = {way: min(each["worked"] for each in done) for way, done in rounds.items()}
    figures: dict[str, Any] = {f"{way}_cpu_s": round(took, 4) for way, took in seconds.items()}
    figures |= {f"{way}_ratio": round(seconds[way] / seconds["alone"], 4) for way in WAYS[1:]}
    figures |= {f"{way}_hotspot_first": all(each["first"] for each in rounds[way]) for way in WAYS[2:]}
    idle = {way: _child(way, 0, chosen.idle)["worked"] / chosen.idle for way in WAYS[:3]}
    figures |= {f"idle_{way}_cpu_pct": round(100 * share, 3) for way, share in idle.items()}
    figures |= calls()
    figures["ok"] = (
        figures["sampling_ratio"] <= SAMPLING_RATIO
        and figures["timed_added_ns"] <= TIMED_NANOSECONDS
        and figures["sampling_hotspot_first"]
        and figures["deterministic_hotspot_first"]
    )
    return figures


def calls() -> dict[str, float]:
    """Nanoseconds that a timed call adds to a bare one: each call timed, and one of 61."""
    timings = Timings()
    timed = timings.decorator("bench.each")(_bare)
    sampled = timings.decorator("bench.sampled", sample=61)(_bare)
    bare = _nanoseconds(_bare)
    return {
        "bare_ns": round(bare, 1),
        "timed_added_ns": round(_nanoseconds(timed) - bare, 1),
        "sampled_added_ns": round(_nanoseconds(sampled) - bare, 1),
    }


def _bare(value: int) -> int:
    return value


def _nanoseconds(call: Callable[[int], int], number: int = 100_000) -> float:
    return min(timeit.repeat(lambda: call(1), number=number, repeat=7)) / number * 1e9


def _child(way: str, turns: int, idle: float) -> dict[str, Any]:
    words = [sys.executable, "-m", "tests.bench.profiler", way, str(turns), str(idle)]
    done = subprocess.run(words, check=True, capture_output=True, text=True, timeout=120)
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def _work(way: str, turns: int, idle: float) -> None:
    """In the child: the work, or nothing, and what it took."""
    from twisted.internet import reactor as installed

    reactor: Any = installed
    watch, profiler = StallWatch(reactor, stalls=Stalls()), Profiler(reactor)
    figures: dict[str, Any] = {}

    def turn(left: int) -> None:
        if not left:
            reactor.callLater(idle, end)
            return
        for _ in range(PIECES):
            planted_hotspot()
            minor_work()
        reactor.callLater(0, turn, left - 1)

    def begin() -> None:
        if way == "watched":
            watch.startService()
        elif way != "alone":
            profiler.start(Mode(way))
        reactor.callLater(0.05, measure)

    def measure() -> None:
        figures.update(seconds=time.perf_counter(), worked=time.process_time())
        turn(turns)

    def end() -> None:
        figures["seconds"] = time.perf_counter() - figures["seconds"]
        figures["worked"] = time.process_time() - figures["worked"]
        profiler.stop()
        spots = profiler.hotspots()
        figures["first"] = bool(spots) and spots[0].frame.function == "planted_hotspot"
        if watch.running:
            watch.stopService()
        reactor.stop()

    reactor.callWhenRunning(begin)
    reactor.run()
    sys.stdout.write(json.dumps(figures))


if __name__ == "__main__":
    _work(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
