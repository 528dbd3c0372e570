"""What of a history is on disk: lives of a process one after another, and the places of series."""

from __future__ import annotations

from array import array
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.metric_archive import ArchivedSeries, ArchiveIndex
from lanrage.core.metric_book import Metric, MetricBook, Series
from lanrage.core.metric_history import STEPS
from lanrage.core.metric_rows import MetricChange, SeriesRow, SpanRow, StoredSpans
from lanrage.core.span_ring import Span, numbers_of
from lanrage.core.stored_rows import Erase, Put
from tests.strategies_metrics import lives

RTT = Metric("rtt", "gauge", "seconds", "Round trip.", ("peer",))
BEN = ("rtt", ("b1",))


class Disk:
    """What was written of one series."""

    def __init__(self) -> None:
        self.spans: dict[tuple[str, int], Span] = {}

    def write(self, changes: list[MetricChange]) -> None:
        """A batch."""
        for change in changes:
            assert isinstance(change, Put)
            assert isinstance(change.row, SpanRow)
            self.spans[change.row.step, change.row.slot] = change.row.span

    def read(self) -> dict[str, StoredSpans]:
        """As a store does."""
        found = {}
        for step in STEPS:
            mine = sorted(((span, slot) for (each, slot), span in self.spans.items() if each == step), key=by_time)
            numbers = array("d")
            for span, _ in mine:
                numbers += numbers_of(span)
            found[step] = StoredSpans(numbers, mine[-1][1] if mine else -1)
        return found


def by_time(each: tuple[Span, int]) -> float:
    """When it began."""
    return each[0].timestamp


def grouped(step: str, samples: list[tuple[float, float]]) -> list[Span]:
    """The spans that these samples make, counted one by one."""
    length, kept = STEPS[step]
    found: dict[float, list[float]] = {}
    for at, value in samples:
        found.setdefault(at // length * length, []).append(value)
    return [Span(began, len(each), min(each), max(each), sum(each)) for began, each in found.items()][-kept:]


class LivesTests(SynchronousTestCase):
    """Lives that end well, or by kill -9, one after another."""

    @given(lives(), st.data())
    def test_lives(self, many: list[tuple[list[tuple[float, float]], bool]], data: st.DataObject) -> None:
        """A history after restarts is that of all samples but those of minutes that were not written when it was
        killed; the disk never holds more than the spans that are kept."""
        disk, kept = Disk(), []
        for samples, well in many:
            book: Any = MetricBook((RTT,))
            record, fresh = None, []
            loads_at = data.draw(st.integers(0, max(0, len(samples) - 1)))
            for number, (at, value) in enumerate(samples):
                book.record("rtt", ("10.66.0.2",), value, at)
                fresh.append((at, value))
                if record is None:
                    record = ArchivedSeries(BEN, book._series["rtt", ("10.66.0.2",)])
                if number == loads_at:
                    record.load(disk.read())
                if record.loaded and data.draw(st.booleans()):
                    behind = record.behind
                    changes = record.spans(1)
                    self.assertEqual(behind, any(each.row.step == "minute" for each in changes))
                    disk.write(changes)
                    written = record._written["minute"]
                    kept += [each for each in fresh if each[0] // 60 * 60 <= written]
                    fresh = [each for each in fresh if each[0] // 60 * 60 > written]
            if record is None:
                continue
            for step in STEPS:
                self.assertEqual(grouped(step, kept + fresh), record.series.history(step))
            if well:
                disk.write([*record.spans(1), *record.rest(1)])
                kept += fresh
        for step, (_, most) in STEPS.items():
            slots = [slot for each, slot in disk.spans if each == step]
            self.assertTrue(all(slot < most for slot in slots))
        after = ArchivedSeries(BEN, Series(sums=False, waiting=MetricBook(())._waiting))
        after.load(disk.read())
        for step in STEPS:
            self.assertEqual(grouped(step, kept), after.series.history(step))

    def test_turns(self) -> None:
        """Of 1,600 minutes, written as they come, the disk holds the newest 1,440 and the hour that they began in."""
        disk, book = Disk(), MetricBook((RTT,))
        book.record("rtt", ("a",), 1.0, 0.0)
        record = ArchivedSeries(BEN, book._series["rtt", ("a",)])
        record.load(disk.read())
        for minute in range(1, 1602):
            book.record("rtt", ("a",), 1.0, 60.0 * minute)
            disk.write(record.spans(1))
        stored = disk.read()
        self.assertEqual(1440, sum(step == "minute" for step, _ in disk.spans))
        self.assertEqual((160 * 60.0, 1599 * 60.0), (stored["minute"].numbers[0], stored["minute"].numbers[-5]))
        self.assertEqual(26, sum(step == "hour" for step, _ in disk.spans))
        again = ArchivedSeries(BEN, Series(sums=False, waiting=MetricBook(())._waiting))
        again.load(stored)
        self.assertEqual(record.series.history("hour")[:-1], again.series.history("hour")[:-1])
        self.assertEqual(record.series.history("day")[0], again.series.history("day")[0])


class IndexTests(SynchronousTestCase):
    """:class:`ArchiveIndex`."""

    def test_places(self) -> None:
        """A new series takes the place of the one not seen for longest, never of one in memory, and a number of its
        own; where all are in memory it has none."""
        names = [("rtt", (each,)) for each in "abcd"]
        index = ArchiveIndex([SeriesRow(7, *names[0], 5.0), SeriesRow(9, *names[1], 3.0)], limit=2)
        self.assertEqual((9, [Put(SeriesRow(9, *names[1], 6.0))]), index.see(names[1], 6.0))
        erased: list[MetricChange] = [Erase(SeriesRow, (7,)), Put(SeriesRow(10, *names[2], 1.0))]
        self.assertEqual((10, erased), index.see(names[2], 1.0))
        self.assertEqual((None, 9, 2), (index.number_of(names[0]), index.number_of(names[1]), len(index)))
        self.assertEqual((None, []), index.see(names[3], 8.0, names[1:3]))
        number, changes = index.see(names[3], 8.0, names[2:3])
        self.assertEqual((11, Erase(SeriesRow, (9,))), (number, changes[0]))
        self.assertEqual(2, len(index))
