"""What of a history is on disk: lives of a process one after another, and the places of series."""

from __future__ import annotations

from array import array

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


def rows_of(changes: list[MetricChange]) -> list[SpanRow]:
    """The spans that are put; there is nothing else."""
    rows = [change.row for change in changes if isinstance(change, Put)]
    spans = [row for row in rows if isinstance(row, SpanRow)]
    assert len(spans) == len(changes)
    return spans


class Disk:
    """What was written of one series."""

    def __init__(self) -> None:
        self.spans: dict[tuple[str, int], Span] = {}

    def write(self, changes: list[MetricChange]) -> None:
        """A batch."""
        for row in rows_of(changes):
            self.spans[row.step, row.slot] = row.span

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


class Life:
    """One life of a process.

    :ivar fresh: samples whose minutes are not written.
    """

    def __init__(self) -> None:
        self.book = MetricBook((RTT,))
        self.fresh: list[tuple[float, float]] = []
        self.record = ArchivedSeries(BEN, Series(sums=False, waiting=MetricBook(())._waiting))
        self.book.begun = lambda metric, labels, series: setattr(self, "record", ArchivedSeries(BEN, series))

    def sample(self, at: float, value: float) -> None:
        """One more."""
        self.book.record("rtt", ("10.66.0.2",), value, at)
        self.fresh.append((at, value))

    def write(self, disk: Disk) -> list[tuple[float, float]]:
        """What is finished goes to disk.

        :returns: the samples that are there now.
        """
        behind, changes = self.record.behind, self.record.spans(1)
        disk.write(changes)
        assert behind == any(row.step == "minute" for row in rows_of(changes))
        written = self.record._written["minute"]
        kept = [each for each in self.fresh if each[0] // 60 * 60 <= written]
        self.fresh = [each for each in self.fresh if each[0] // 60 * 60 > written]
        return kept


class LivesTests(SynchronousTestCase):
    """Lives that end well, or by kill -9, one after another."""

    @given(lives(), st.data())
    def test_lives(self, many: list[tuple[list[tuple[float, float]], bool]], data: st.DataObject) -> None:
        """A history after restarts is that of all samples but those of minutes that were not written when it was
        killed; the disk never holds more than the spans that are kept."""
        disk, kept = Disk(), []
        for samples, well in many:
            life = Life()
            loads_at = data.draw(st.integers(0, max(0, len(samples) - 1)))
            for number, sample in enumerate(samples):
                life.sample(*sample)
                if number == loads_at:
                    life.record.load(disk.read())
                if number >= loads_at and data.draw(st.booleans()):
                    kept += life.write(disk)
            if samples:
                found = {step: life.record.series.history(step) for step in STEPS}
                self.assertEqual({step: grouped(step, kept + life.fresh) for step in STEPS}, found)
            if samples and well:
                disk.write([*life.record.spans(1), *life.record.rest(1)])
                kept += life.fresh
        for step, (_, most) in STEPS.items():
            slots = [slot for each, slot in disk.spans if each == step]
            self.assertTrue(all(slot < most for slot in slots))
        after = Life().record
        after.load(disk.read())
        for step in STEPS:
            self.assertEqual(grouped(step, kept), after.series.history(step))

    def test_turns(self) -> None:
        """Of 1,600 minutes, written as they come, the disk holds the newest 1,440 and the hour that they began in."""
        disk, life = Disk(), Life()
        life.sample(0.0, 1.0)
        record = life.record
        record.load(disk.read())
        for minute in range(1, 1602):
            life.sample(60.0 * minute, 1.0)
            life.write(disk)
        stored = disk.read()
        self.assertEqual(1440, sum(step == "minute" for step, _ in disk.spans))
        self.assertEqual((160 * 60.0, 1599 * 60.0), (stored["minute"].numbers[0], stored["minute"].numbers[-5]))
        self.assertEqual(26, sum(step == "hour" for step, _ in disk.spans))
        again = Life().record
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
