"""Series in memory: the ring beside a plain list, percentiles, histories, and the book that keeps them."""

from __future__ import annotations

import math
import sys
from bisect import bisect_right
from statistics import fmean, quantiles

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.metric_book import Metric, MetricBook
from lanrage.core.metric_history import HISTORY_BYTES, STEPS
from lanrage.core.series import AGGREGATES, OLDEST, SAMPLES, SMALL, AggregatedMetric, CircularMetricsBuffer

RTT = Metric("rtt", "gauge", "seconds", "Round trip.", ("peer",))
PATH = Metric("path", "gauge", "seconds", "Round trip.", ("peer", "kind"))
BEN = ("10.66.0.2",)
STREAMS = st.lists(st.tuples(st.floats(0.001, 50.0), st.integers(-(10**6), 10**6).map(float)), min_size=1, max_size=60)


class BookTests(SynchronousTestCase):
    """:class:`MetricBook`."""

    @given(STREAMS, st.floats(0, 3000), st.floats(0, 3000), st.sampled_from(["gauge", "counter"]))
    def test_window_and_history(self, steps: list[tuple[float, float]], start: float, end: float, kind: str) -> None:
        """The ring has each second's mean, or last value; the minutes together are all samples, each in its minute."""
        book, now = MetricBook((Metric("rtt", kind, "seconds", "Round trip.", ("peer",)),)), 0.0
        seconds: dict[int, list[tuple[float, float]]] = {}
        for passed, value in steps:
            now += passed
            seconds.setdefault(int(now), []).append((now, value))
            book.record("rtt", BEN, value, now)
        expected = [
            (inside[0][0], sum(value for _, value in inside) / len(inside) if kind == "gauge" else inside[-1][1])
            for inside in seconds.values()
        ]
        self.assertEqual([each for each in expected if start <= each[0] <= end], book.window("rtt", BEN, start, end))
        ((_, _, value, at),) = book.latest()
        self.assertEqual(expected[-1], (at, value))
        samples = [each for inside in seconds.values() for each in inside]
        for step, (length, _) in STEPS.items():
            spans = book.history("rtt", BEN, step)
            self.assertEqual(len(samples), sum(each.count for each in spans))
            for each in spans:
                values = [value for at, value in samples if each.timestamp <= at < each.timestamp + length]
                self.assertEqual((len(values), min(values), max(values)), (each.count, each.min, each.max))
                self.assertAlmostEqual(fmean(values), each.avg, places=6)

    def test_no_number(self) -> None:
        """What is no finite number is not kept: it would spoil all sums it is in."""
        book = MetricBook((RTT,))
        for value in (math.nan, math.inf, -math.inf):
            book.record("rtt", BEN, value, 1.0)
        self.assertEqual([], list(book.latest()))

    def test_too_many(self) -> None:
        """Samples of a series more than the book may have are counted, not kept."""
        book = MetricBook((RTT,), limit=1)
        for peer in ("a", "b", "b", "a"):
            book.record("rtt", (peer,), 1.0, 1.0)
        self.assertEqual((2, 1), (book.refused, len(list(book.latest()))))

    def test_forget(self) -> None:
        """All series of a label's value go, of every metric, and no others."""
        book = MetricBook((RTT, PATH))
        for peer in ("a", "b"):
            book.record("rtt", (peer,), 1.0, 1.0)
            book.record("path", (peer, "a"), 1.0, 1.0)
        book.forget("peer", "a")
        self.assertEqual({("rtt", ("b",)), ("path", ("b", "a"))}, {(each[0].name, each[1]) for each in book.latest()})
        self.assertEqual([], list(book.window("rtt", ("a",), 0.0, 9.0)))

    def test_full(self) -> None:
        """A day of a sample a second: the ring was full some times. The memory is small at first, then that of a series
        that lasts, in few steps; none after the first quarter."""
        book = MetricBook((RTT,))
        sizes: dict[int, int] = {}
        for second in range(86400):
            book.record("rtt", BEN, float(second % 100), float(second))
            book.prepare(1)
            sizes.setdefault(book.memory_bytes, second)
        self.assertEqual((22, 22), (book.buffer_fills, book.aggregations_performed))
        small, *_, whole = sizes
        self.assertLessEqual(small, 12_000)
        self.assertEqual(16 * SAMPLES + HISTORY_BYTES, whole)
        self.assertEqual((4, True), (len(sizes), sizes[whole] <= 86400 // 4))
        self.assertEqual((86399.0, 99.0), book.window("rtt", BEN, 0.0, 1e9)[-1])
        self.assertEqual(
            [3600.0 * hour for hour in range(22)], [each.timestamp for each in book.aggregates("rtt", BEN)]
        )

    def test_prepared(self) -> None:
        """Aggregates made ahead, some of them, are those that are made when the rings are full."""
        book = MetricBook((RTT,))
        for second in range(SAMPLES + OLDEST + 2):
            for peer in "abc":
                book.record("rtt", (peer,), float(second * 7919 % 1009), float(second))
            if second in (5000, 12000):
                book.prepare(2)
        first, *others = (book.aggregates("rtt", (peer,)) for peer in "abc")
        self.assertEqual([first, first], others)
        self.assertEqual(AggregatedMetric.of(0.0, [float(second * 7919 % 1009) for second in range(OLDEST)]), first[0])
        self.assertEqual((2, 6), (len(first), book.buffer_fills))


class HistoryTests(SynchronousTestCase):
    """:class:`MetricHistory`."""

    def test_bounds(self) -> None:
        """40 days of a sample every 30 s: 1,440 minutes, 720 hours and 30 days, the newest ones."""
        book = MetricBook((RTT,))
        for number in range(40 * 2880):
            book.record("rtt", BEN, float(number % 7), 30.0 * number)
        for step, (length, kept) in STEPS.items():
            spans = book.history("rtt", BEN, step)
            last = 40 * 86400.0 - length
            self.assertEqual(
                [last - length * (kept - 1 - place) for place in range(kept)], [e.timestamp for e in spans]
            )
            self.assertEqual({int(length / 30.0)}, {each.count for each in spans})


class PercentileTests(SynchronousTestCase):
    """:meth:`AggregatedMetric.of`."""

    @given(st.lists(st.integers(-(10**6), 10**6).map(float), min_size=2, max_size=200))
    def test_nearest_rank(self, values: list[float]) -> None:
        """The smallest sample that so many of 100 do not exceed; beside the interpolation that statistics makes."""
        found, ranked = AggregatedMetric.of(7.0, values), sorted(values)
        cuts = quantiles(values, n=100, method="inclusive")
        for share, value in ((95, found.p95), (99, found.p99)):
            reached = [each for each in ranked if 100 * sum(other <= each for other in ranked) >= share * len(ranked)]
            self.assertEqual(reached[0], value)
            place = ranked.index(value)
            self.assertLessEqual(ranked[max(0, place - 1)] - 1e-6, cuts[share - 1])
            self.assertLessEqual(cuts[share - 1], ranked[min(len(ranked) - 1, bisect_right(ranked, value))] + 1e-6)
        self.assertEqual(
            (7.0, len(values), ranked[0], ranked[-1]), (found.timestamp, found.count, found.min, found.max)
        )
        self.assertAlmostEqual(fmean(values), found.avg)


class RingLife(RuleBasedStateMachine):
    """A ring beside a plain list that does the same."""

    def __init__(self) -> None:
        super().__init__()
        self.ring = CircularMetricsBuffer()
        self.kept: list[tuple[float, float]] = []
        self.gone: list[AggregatedMetric] = []
        self.now = 0.0

    @rule(
        count=st.sampled_from([1, 2, 17, 255, 512, 1399, 2799, 3600, 6399]),
        step=st.sampled_from([-0.5, 0.0, 0.25, 1.0]),
    )
    def add(self, count: int, step: float) -> None:
        """Some samples, of a clock that may stand or go back."""
        for number in range(count):
            if len(self.kept) == SAMPLES:
                values = [value for _, value in self.kept[:OLDEST]]
                self.gone = [*self.gone, AggregatedMetric.of(self.kept[0][0], values)][-AGGREGATES:]
                del self.kept[:OLDEST]
            self.now += step
            value = float(hash((number, count)) % 1009)
            self.ring.add(value, self.now)
            self.kept.append((max(self.now, self.kept[-1][0]) if self.kept else self.now, value))

    @rule()
    def prepare(self) -> None:
        """Ahead of time or not: the aggregates are the same."""
        assert self.ring.prepare() == (len(self.kept) >= OLDEST)

    @rule(start=st.floats(-10, 12_000), length=st.floats(-1, 3_000))
    def look(self, start: float, length: float) -> None:
        """A window is what a scan finds."""
        found = [each for each in self.kept if start <= each[0] <= start + length]
        assert self.ring.window(start, start + length) == found

    @invariant()
    def same(self) -> None:
        """Sizes, the newest one, and the aggregates."""
        assert len(self.ring) == len(self.kept)
        assert self.ring.last == (self.kept[-1] if self.kept else None)
        assert self.ring.aggregates == tuple(self.gone)
        assert self.ring.memory_bytes in (16 * SAMPLES, *([16 * SMALL] if len(self.kept) <= SMALL else []))

    def teardown(self) -> None:
        """All samples, the oldest first."""
        assert self.ring.window(-math.inf, math.inf) == self.kept


class RingTests(SynchronousTestCase):
    """:class:`CircularMetricsBuffer`."""

    def test_life(self) -> None:
        """Whatever comes, it holds what the list holds."""
        run_state_machine_as_test(RingLife, settings=settings(max_examples=12, stateful_step_count=12, deadline=None))

    def test_storage(self) -> None:
        """16 bytes a sample and a constant: of few samples, then of all that the ring will hold; 30 aggregates."""
        ring, sizes = CircularMetricsBuffer(), []
        for number in range(SAMPLES + 32 * OLDEST):
            ring.add(float(number), float(number))
            if number in (0, SMALL - 1, SMALL) or number % OLDEST == 0:
                sizes.append(sum(sys.getsizeof(getattr(ring, name)) for name in ("_times", "_values")))
        small, large = set(sizes[:2]), set(sizes[2:])
        self.assertEqual([1, 1], [len(small), len(large)])
        self.assertLessEqual(small.pop() - 16 * SMALL, 256)
        self.assertLessEqual(large.pop() - 16 * SAMPLES, 256)
        self.assertEqual(AGGREGATES, len(ring.aggregates))

    def test_grows_ahead(self) -> None:
        """A ring half of whose first room is used may take the rest at leisure; what it holds is the same."""
        early, late = CircularMetricsBuffer(), CircularMetricsBuffer()
        for number in range(SAMPLES + OLDEST):
            early.add(float(number), float(number))
            late.add(float(number), float(number))
            if number == SMALL // 2 - 1:
                early.prepare()
                self.assertEqual(16 * SMALL, early.memory_bytes)
            if number == SMALL // 2:
                early.prepare()
                self.assertEqual((16 * SAMPLES, 16 * SMALL), (early.memory_bytes, late.memory_bytes))
        everything = (-math.inf, math.inf)
        self.assertEqual((late.window(*everything), late.aggregates), (early.window(*everything), early.aggregates))

    def test_looks_inside_only(self) -> None:
        """A window of ten of 10,000 samples asks for few times of those outside."""
        ring = CircularMetricsBuffer()
        for number in range(SAMPLES + 100):
            ring.add(1.0, float(number))
        looks = 0

        class Bound(float):
            """Counts comparisons."""

            def __lt__(self, other: float) -> bool:
                nonlocal looks
                looks += 1
                return float(self) < other

            def __gt__(self, other: float) -> bool:
                nonlocal looks
                looks += 1
                return float(self) > other

        self.assertEqual(10, len(ring.window(Bound(5000.0), Bound(5009.0))))
        self.assertTrue(0 < looks <= 64, looks)
