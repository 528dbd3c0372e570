"""The ring of samples against plain lists: what it keeps, what becomes of the rest, and how much memory it takes."""

from __future__ import annotations

import math
import random
import tracemalloc
from collections.abc import Sequence
from statistics import fmean

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.fold import SecondFold
from lanrage.core.metric_book import Metric, MetricBook
from lanrage.core.metric_history import STEPS
from lanrage.core.series import AGGREGATES, OLDEST, SAMPLES, CircularMetricsBuffer

SAMPLED = st.lists(st.tuples(st.floats(-5.0, 90.0), st.floats(-1e6, 1e6)), min_size=1, max_size=80)


def nearest_rank(values: Sequence[float], percent: int) -> float:
    """The definition itself: the smallest value that so many of 100 do not exceed."""
    return min(each for each in values if sum(other <= each for other in values) * 100 >= percent * len(values))


class RingTests(SynchronousTestCase):
    """:class:`CircularMetricsBuffer`."""

    def test_full(self) -> None:
        """The sample after 10,000 makes one aggregate of the oldest 3,600; the others stay, in order."""
        chance, ring = random.Random(6), CircularMetricsBuffer()
        values = [float(chance.randrange(1000)) for _ in range(SAMPLES + 1)]
        for second, value in enumerate(values):
            ring.add(value, float(second))
        (only,) = ring.aggregates
        oldest = values[:OLDEST]
        self.assertEqual((0.0, OLDEST, min(oldest), max(oldest)), (only.timestamp, only.count, only.min, only.max))
        self.assertAlmostEqual(fmean(oldest), only.avg)
        self.assertEqual((nearest_rank(oldest[:], 95), nearest_rank(oldest, 99)), (only.p95, only.p99))
        self.assertEqual(list(enumerate(values))[OLDEST:], ring.window(-math.inf, math.inf))

    @given(SAMPLED, st.floats(0, 3000), st.floats(0, 3000))
    def test_window(self, steps: list[tuple[float, float]], start: float, end: float) -> None:
        """A window is what a scan finds, times that went back count as the newest; a history has each once."""
        ring, now, seen = CircularMetricsBuffer(), 0.0, []
        newest = -math.inf
        for passed, value in steps:
            now += passed
            newest = max(now, newest)
            seen.append((newest, value))
            ring.add(value, now)
        self.assertEqual([each for each in seen if start <= each[0] <= end], ring.window(start, end))
        for step in ("minute", "hour", "day"):
            self.assertEqual(len(seen), sum(each.count for each in ring.history(step)))

    def test_memory(self) -> None:
        """After the first days no more is taken: 30 aggregates, 1,440 minutes; a full ring takes 20 bytes a sample."""
        ring = CircularMetricsBuffer()
        for second in range(0, 40 * 86400, 20):
            ring.add(1.0, float(second))
        self.assertEqual(
            (AGGREGATES, 1440, 720, 30),
            (len(ring.aggregates), *(len(ring.history(each)) for each in ("minute", "hour", "day"))),
        )
        tracemalloc.start()
        try:
            full = CircularMetricsBuffer()
            for _ in range(SAMPLES):
                full.add(1.0, 5.0)
            self.assertLessEqual(tracemalloc.get_traced_memory()[0] / len(full), 20.0)
        finally:
            tracemalloc.stop()


class HistoryTests(SynchronousTestCase):
    """:class:`MetricHistory` against plain lists."""

    @given(st.lists(st.tuples(st.floats(0.0, 9000.0), st.integers(-1000, 1000)), min_size=1, max_size=120))
    def test_reference(self, steps: list[tuple[float, int]]) -> None:
        """Each step has exactly the samples of its time, those of the minute and hour that are not over included."""
        ring, now, seen = CircularMetricsBuffer(), 0.0, []
        for passed, value in steps:
            now += passed
            seen.append((now, float(value)))
            ring.add(float(value), now)
        for step, (seconds, kept) in STEPS.items():
            wanted: dict[float, list[float]] = {}
            for at, each in seen:
                wanted.setdefault(at // seconds * seconds, []).append(each)
            self.assertEqual(
                [(at, len(part), min(part), max(part)) for at, part in wanted.items()][-kept:],
                [(each.timestamp, each.count, each.min, each.max) for each in ring.history(step)],
            )
            for shown, part in zip(ring.history(step), list(wanted.values())[-kept:], strict=True):
                self.assertApproximates(fmean(part), shown.avg, 1e-6)

    def test_kept(self) -> None:
        """Two years of a sample an hour leave a month of hours and days, in the memory that a day of seconds takes."""
        ring = CircularMetricsBuffer()
        held: list[int] = []
        for hour in range(2 * 365 * 24):
            ring.add(float(hour), hour * 3600.0)
            held.append(ring.memory_bytes)
        self.assertEqual((720, 30), (len(ring.history("hour")), len(ring.history("day"))))
        self.assertLessEqual(max(held), 260_000)
        self.assertEqual(float(hour), ring.history("day")[-1].max)

    def test_no_such_step(self) -> None:
        """There are three kinds."""
        self.assertRaises(KeyError, CircularMetricsBuffer().history, "week")


class FoldTests(SynchronousTestCase):
    """:class:`SecondFold`."""

    @given(st.lists(st.tuples(st.floats(0.0, 1.5), st.floats(-1e6, 1e6)), max_size=60))
    def test_one_a_second(self, steps: list[tuple[float, float]]) -> None:
        """Each value is in one second, and there is one sample a second at most."""
        fold, now, folded, values = SecondFold(), 0.0, [], []
        for passed, value in steps:
            now += passed
            values.append(value)
            folded.append(fold.add(value, now))
        seconds = [each for each in (*folded, fold.close()) if each is not None]
        self.assertEqual(len(values), sum(each.count for each in seconds))
        self.assertEqual(sorted({each.timestamp for each in seconds}), [each.timestamp for each in seconds])
        for each in seconds:
            part, values = values[: each.count], values[each.count :]
            self.assertEqual((min(part), max(part), part[-1]), (each.min, each.max, each.last))


class LimitTests(SynchronousTestCase):
    """:class:`MetricBook`."""

    def test_fold(self) -> None:
        """A fast stream gives one sample a second, their means; it is forgotten with its series."""
        book = MetricBook((Metric("rtt", "gauge", "seconds", "Round trip.", ("peer",)),))
        for tick in range(41):
            book.fold("rtt", ("a",), float(tick % 10), tick / 10)
        self.assertEqual([(float(each), 4.5) for each in range(4)], book.window("rtt", ("a",), 0.0, 9.0))
        book.forget("peer", "a")
        book.fold("rtt", ("a",), 1.0, 9.0)
        self.assertEqual([], book.window("rtt", ("a",), 0.0, 99.0))

    def test_limit(self) -> None:
        """A series over the limit is refused and counted."""
        book = MetricBook((Metric("rtt", "gauge", "seconds", "Round trip.", ("peer",)),), limit=1)
        book.record("rtt", ("a",), 1.0, 1.0)
        book.record("rtt", ("b",), 1.0, 1.0)
        self.assertEqual((1, 1), (book.refused, len(list(book.latest()))))
