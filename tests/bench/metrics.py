"""``python -m tests.bench metrics``: series in memory: speed, bytes, flat memory, windows, reactor time."""

from __future__ import annotations

import argparse
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import psutil

from lanrage.app.metrics_keeper import PREPARED
from lanrage.core.metric_book import Metric, MetricBook
from lanrage.core.series import SAMPLES, CircularMetricsBuffer
from tests.bench import sampler

SERIES = 100
WINDOW = 60.0
BYTES_LIMIT, RATIO_LIMIT, GROWTH_LIMIT = 20.0, 0.4, 1024.0
"""Bytes a sample at most; a ring's speed as a share of the deque's at least; KiB after the first quarter at most."""
BUSY = Metric("busy", "gauge", "", "A value.", ("number",))
LABELS = tuple((str(number),) for number in range(SERIES))


class Plain:
    """What a ring is measured against."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, float]] = deque(maxlen=SAMPLES)

    def add(self, value: float, now: float) -> None:
        """One more."""
        self._samples.append((now, value))


def rate(make: Callable[[], Any], adds: int) -> float:
    """Calls of ``add`` a second, 100 series in turn; of this thread's processor time."""
    calls = [make().add for _ in range(SERIES)]
    began = time.thread_time()
    for number in range(adds // SERIES):
        now = float(number)
        for add in calls:
            add(0.5, now)
    return adds / (time.thread_time() - began)


def rates(adds: int) -> dict[str, float]:
    """The best of five rounds each, one after the other in turn."""
    pairs = [(rate(CircularMetricsBuffer, adds), rate(Plain, adds)) for _ in range(5)]
    ring, plain = (max(each) for each in zip(*pairs, strict=True))
    return {"adds_per_s": round(ring), "deque_adds_per_s": round(plain), "ratio_to_deque": round(ring / plain, 3)}


def resident_kb() -> float:
    """Of this process."""
    return float(psutil.Process().memory_info().rss) / 1024


def simulated(seconds: int, each: int) -> dict[str, float]:
    """100 series for so long, with so many samples a second each; memory after the first quarter and at its peak."""
    book, base, quarter, peak = MetricBook((BUSY,)), resident_kb(), 0.0, 0.0
    began = time.thread_time()
    for second in range(seconds):
        for part in range(each):
            now = second + part / each
            for labels in LABELS:
                book.record("busy", labels, 0.5 + part, now)
        book.prepare(PREPARED)
        if second == seconds // 4:
            quarter = peak = resident_kb()
        elif second > seconds // 4 and second % 60 == 0:
            peak = max(peak, resident_kb())
    spent = time.thread_time() - began
    return {
        "seconds": seconds,
        "samples": seconds * each * SERIES,
        "cpu_s": round(spent, 1),
        "cpu_ms_per_s": round(1000 * spent / seconds, 3),
        "rss_kb": round(peak - base),
        "rss_growth_kb": round(max(peak, resident_kb()) - quarter),
    }


def alone(seconds: int, each: int) -> dict[str, float]:
    """:func:`simulated` in a process of its own, so that no memory freed before hides a growth."""
    with ProcessPoolExecutor(1, get_context("spawn")) as processes:
        return processes.submit(simulated, seconds, each).result()


def windows(rounds: int) -> dict[str, float]:
    """The last minute of a full ring, and of a plain list that is scanned."""
    ring, plain = CircularMetricsBuffer(), []
    for number in range(SAMPLES):
        ring.add(0.5, float(number))
        plain.append((float(number), 0.5))
    start, end = SAMPLES - WINDOW, float(SAMPLES)
    began = time.thread_time()
    for _ in range(rounds):
        ring.window(start, end)
    middle = time.thread_time()
    for _ in range(rounds):
        scanned = [each for each in plain if start <= each[0] <= end]
    ended = time.thread_time()
    assert scanned == ring.window(start, end)
    taken = {"window_us": (middle - began) / rounds * 1e6, "scan_us": (ended - middle) / rounds * 1e6}
    ratio = round(taken["window_us"] / taken["scan_us"], 4)
    return {**{name: round(value, 2) for name, value in taken.items()}, "ratio_to_scan": ratio}


def bytes_a_sample() -> float:
    """Of a full ring, with all that it is made of and 30 aggregates."""
    ring = CircularMetricsBuffer()
    for number in range(SAMPLES + 31 * 3600):
        ring.add(number + 0.5, float(number))
    parts = [getattr(ring, name) for name in CircularMetricsBuffer.__slots__]
    size = sys.getsizeof(ring) + sum(map(sys.getsizeof, parts))
    for each in ring.aggregates:
        size += sys.getsizeof(each) + 7 * sys.getsizeof(0.5)
    return round(size / SAMPLES, 2)


def run(words: Sequence[str]) -> dict[str, Any]:
    """Measure."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench metrics", description=__doc__.partition("\n")[0])
    parser.add_argument("--adds", type=int, default=1_000_000, help="of each round [1000000]")
    parser.add_argument("--hours", type=float, default=24.0, help="simulated at one sample a second [24]")
    parser.add_argument("--fast", type=int, default=3600, help="seconds simulated at 100 samples a second [3600]")
    parser.add_argument("--samples", type=int, default=300, help="of a real node's sources [300]")
    parser.add_argument("--members", type=int, default=sampler.MEMBERS, help="of that node's party [16]")
    chosen = parser.parse_args(words)
    speed, size = rates(chosen.adds), bytes_a_sample()
    fast, slow = alone(chosen.fast, 100), alone(int(3600 * chosen.hours), 1)
    reactor = sampler.run(["--samples", str(chosen.samples), "--members", str(chosen.members)])
    growth = max(fast["rss_growth_kb"], slow["rss_growth_kb"])
    return {
        **speed,
        "bytes_per_sample": size,
        "hour_of_100_a_second": fast,
        "day_of_one_a_second": slow,
        "rss_growth_kb": growth,
        "window": windows(max(1, chosen.adds // 1000)),
        "reactor_ms_per_s": reactor["sample_and_page"]["mean_ms"],
        "ok": size <= BYTES_LIMIT and speed["ratio_to_deque"] >= RATIO_LIMIT and growth <= GROWTH_LIMIT,
    }
