"""The book of series as those who feed and read it use it."""

from __future__ import annotations

from statistics import fmean

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.metric_book import Metric, MetricBook

RTT = Metric("rtt", "gauge", "seconds", "Round trip.", ("peer",))
PATH = Metric("path", "gauge", "seconds", "Round trip.", ("peer", "kind"))
BEN = ("10.66.0.2",)
SAMPLES = st.lists(st.tuples(st.floats(0.001, 50.0), st.floats(-1e9, 1e9)), min_size=1, max_size=60)


class BookTests(SynchronousTestCase):
    """:class:`MetricBook`."""

    @given(SAMPLES, st.floats(0, 3000), st.floats(0, 3000))
    def test_window_and_history(self, steps: list[tuple[float, float]], start: float, end: float) -> None:
        """A window is what a scan of all samples finds; the minutes together are all samples, each in its minute."""
        book, now, samples = MetricBook((RTT,)), 0.0, []
        for passed, value in steps:
            now += passed
            samples.append((now, value))
            book.record("rtt", BEN, value, now)
        self.assertEqual(
            [each for each in samples if start <= each[0] <= end], list(book.window("rtt", BEN, start, end))
        )
        minutes = list(book.history("rtt", BEN, "minute"))
        self.assertEqual(len(samples), sum(each.count for each in minutes))
        for each in minutes:
            values = [value for at, value in samples if each.timestamp <= at < each.timestamp + 60.0]
            self.assertEqual((len(values), min(values), max(values)), (each.count, each.min, each.max))
            self.assertAlmostEqual(fmean(values), each.avg, delta=1.0)
        self.assertEqual([(RTT, BEN, samples[-1][1], samples[-1][0])], list(book.latest()))

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
        """A day of a sample a second: the ring was full some times, and takes no more memory than its samples."""
        book = MetricBook((RTT,))
        for second in range(86400):
            book.record("rtt", BEN, float(second % 100), float(second))
        self.assertEqual(22, book.buffer_fills)
        self.assertEqual(22, book.aggregations_performed)
        self.assertLessEqual(book.memory_bytes, 200_000)
        self.assertEqual((86399.0, 99.0), list(book.window("rtt", BEN, 0.0, 1e9))[-1])
