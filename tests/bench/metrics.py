"""Rings of metrics: what a sample costs and takes, whether memory stays flat, and what a query looks at."""

from __future__ import annotations

import argparse
import random
import time
import tracemalloc
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from lanrage.core.metric_book import Metric, MetricBook
from lanrage.core.series import SAMPLES, CircularMetricsBuffer

SERIES = 100
FAST = 100
"""Samples a second of a stream that is folded."""
DAY = 86_400
BYTES_LIMIT = 20.0
"""Of a sample."""
GROWTH_LIMIT_KB = 1024.0
RATIO_AIM = 0.4
"""Of adds a second beside a method that appends to a deque."""
WINDOW_RATIO_LIMIT = 0.2
"""Of a query for the last minute beside a scan of the whole ring."""
PAGE = 4096


class Plain:
    """What one would write in two lines."""

    def __init__(self) -> None:
        self.samples: deque[tuple[float, float]] = deque(maxlen=SAMPLES)

    def add(self, value: float, now: float) -> None:
        """One more."""
        self.samples.append((now, value))


def run(words: Sequence[str]) -> dict[str, Any]:
    """Measure."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench metrics", description=__doc__)
    parser.add_argument("--adds", type=int, default=2_000_000, help="samples of the comparison with a deque [2000000]")
    parser.add_argument("--rounds", type=int, default=3, help="timed runs of each way, in turn [3]")
    parser.add_argument("--fast-seconds", type=int, default=3600, help="simulated seconds of fast streams [3600]")
    parser.add_argument(
        "--slow-seconds", type=int, default=DAY, help="simulated seconds of one sample a second [86400]"
    )
    chosen = parser.parse_args(words)
    figures = adding(chosen.adds, chosen.rounds) | {"bytes_a_sample": bytes_a_sample()} | window()
    figures["fast"] = growth(chosen.fast_seconds, FAST)
    figures["slow"] = growth(chosen.slow_seconds, 1)
    # What a node does each second is less than this: its 419 series are read from the parts, too (bench sampler).
    figures["reactor_us_a_second"] = round(SERIES * 1e6 / figures["adds_a_second"], 1)
    flat = all(figures[each]["rss_growth_kb"] <= GROWTH_LIMIT_KB for each in ("fast", "slow"))
    figures["aim_ratio"] = RATIO_AIM
    figures["ok"] = flat and figures["bytes_a_sample"] <= BYTES_LIMIT and figures["window_ratio"] <= WINDOW_RATIO_LIMIT
    return figures


def values(count: int = 4096) -> list[float]:
    """Round trips as they vary: a walk, no constant, since an aggregate sorts them."""
    chance, now, made = random.Random(1), 40.0, []
    for _ in range(count):
        now = max(1.0, now + chance.gauss(0.0, 3.0))
        made.append(now)
    return made


def adding(adds: int, rounds: int) -> dict[str, Any]:
    """Samples of 100 series, one of each a second, in rings and in deques, in turn; aggregates and history included."""
    taken: dict[str, list[float]] = {"ring": [], "deque": []}
    made = values()
    for _ in range(rounds):
        for name, kind in (("ring", CircularMetricsBuffer), ("deque", Plain)):
            taken[name].append(_timed(kind, adds, made))
    best = {name: min(each) for name, each in taken.items()}
    return {
        "adds_a_second": round(1 / best["ring"]),
        "ring_ns": round(best["ring"] * 1e9, 1),
        "deque_ns": round(best["deque"] * 1e9, 1),
        "adds_ratio": round(best["deque"] / best["ring"], 3),
    }


def _timed(kind: Callable[[], Any], adds: int, made: Sequence[float]) -> float:
    """Seconds of one add."""
    series = [kind().add for _ in range(SERIES)]
    began = time.perf_counter()
    for second in range(adds // SERIES):
        value, now = made[second % len(made)], float(second)
        for add in series:
            add(value, now)
    return (time.perf_counter() - began) / (adds // SERIES * SERIES)


def bytes_a_sample() -> float:
    """Of full rings, by what CPython's allocator gave out; one that has just been full would look better."""
    made = values()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        rings = [CircularMetricsBuffer() for _ in range(20)]
        for at in range(SAMPLES):
            for ring in rings:
                ring.add(made[at % len(made)], float(at))
        return round((tracemalloc.get_traced_memory()[0] - before) / sum(len(ring) for ring in rings), 2)
    finally:
        tracemalloc.stop()


def window() -> dict[str, Any]:
    """The last minute of a full ring, beside a scan of all its samples."""
    ring, samples, made = CircularMetricsBuffer(), list[tuple[float, float]](), values()
    for at in range(SAMPLES):
        ring.add(made[at % len(made)], float(at))
        samples.append((float(at), made[at % len(made)]))
    start, end = SAMPLES - 60.0, float(SAMPLES)
    assert ring.window(start, end) == [each for each in samples if start <= each[0] <= end]
    ours = _each(lambda: ring.window(start, end), 2000)
    scan = _each(lambda: [each for each in samples if start <= each[0] <= end], 50)
    return {"window_us": round(ours * 1e6, 2), "scan_us": round(scan * 1e6, 1), "window_ratio": round(ours / scan, 4)}


def _each(call: Callable[[], Any], times: int) -> float:
    began = time.perf_counter()
    for _ in range(times):
        call()
    return (time.perf_counter() - began) / times


def growth(seconds: int, rate: int) -> dict[str, Any]:
    """So many samples a second and series, and what memory grows by after the first quarter of the time."""
    metric = Metric("rtt", "gauge", "seconds", "Round trip.", ("peer",))
    book, made = MetricBook((metric,)), values()
    labels = [(f"10.66.0.{number}",) for number in range(SERIES)]
    add = book.record if rate == 1 else book.fold
    began, quarter = time.perf_counter(), 0.0
    for second in range(seconds):
        if second == seconds // 4:
            quarter = resident_kb()
        for tick in range(rate):
            value, now = made[(second + tick) % len(made)], second + tick / rate
            for label in labels:
                add("rtt", label, value, now)
    took = time.perf_counter() - began
    return {
        "samples": seconds * rate * SERIES,
        "samples_a_second": round(seconds * rate * SERIES / took),
        "rss_growth_kb": round(resident_kb() - quarter, 1),
        "held_mb": round(book.memory_bytes / 1e6, 2),
        "buffer_fills": book.buffer_fills,
    }


def resident_kb() -> float:
    """Of this process (proc_pid_statm(5))."""
    with open("/proc/self/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * PAGE / 1024
