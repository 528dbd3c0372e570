"""What of the metrics' history goes to disk, and where: numbers of series, places of their spans. Pure.

A series on disk is a ring as in memory: of each step as many places as spans are kept, used in turn. So nothing has to
be pruned, and the file does not grow once its series are a month old.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice

import attrs

from lanrage.core.fold import NEVER
from lanrage.core.metric_book import Series
from lanrage.core.metric_history import STEPS
from lanrage.core.metric_rows import MetricChange, SeriesRow, SpanRow, StoredSpans
from lanrage.core.span_ring import FIELDS
from lanrage.core.stored_rows import Erase, Put

STORED_LIMIT = 1024
"""Series in the file, as many as in memory: at 2,190 spans of 60 bytes each 130 MB. One more takes the place of the
one that was not seen for longest."""

Name = tuple[str, tuple[str, ...]]
"""Metric and labels, as on disk."""


@attrs.define(eq=False)
class ArchivedSeries:
    """One series of memory beside what the disk has of it.

    :param name: on disk.
    :ivar number: on disk; ``None`` until it has a finished minute.
    :ivar loaded: what the disk has is in memory, too; before that nothing of it is written.
    """

    name: Name
    series: Series
    number: int | None = None
    loaded: bool = attrs.field(init=False, default=False)
    seen: float = attrs.field(init=False, default=NEVER)
    _slots: dict[str, int] = attrs.field(init=False, factory=lambda: dict.fromkeys(STEPS, 0))
    _jump: tuple[int, int] = attrs.field(init=False, default=(-1, -1))
    _written: dict[str, float] = attrs.field(init=False, factory=lambda: dict.fromkeys(STEPS, NEVER))

    def load(self, stored: Mapping[str, StoredSpans]) -> None:
        """Put what the disk has before what memory has, and go on there.

        The newest minute counts as not finished, so its place is used once more.
        """
        for step, spans in stored.items():
            numbers = spans.numbers[:-FIELDS] if step == "minute" else spans.numbers
            if numbers:
                self._written[step] = numbers[-FIELDS]
            after = spans.after if spans.after >= 0 else (spans.slot + 1) % STEPS[step][1]
            if step == "minute" and spans.numbers:
                self._slots[step], self._jump = spans.slot, (spans.slot, after)
            else:
                self._slots[step] = after
        self.series.load({step: spans.numbers for step, spans in stored.items()})
        self.loaded = True

    @property
    def behind(self) -> bool:
        """Whether a minute is finished that is not written."""
        return next(iter(self.series.finished("minute", self._written["minute"])), None) is not None

    def again(self) -> None:
        """The disk has lost what it had: all of memory is to be written."""
        self._slots, self._jump = dict.fromkeys(STEPS, 0), (-1, -1)
        self._written = dict.fromkeys(STEPS, NEVER)

    def spans(self, number: int, most: int | None = None) -> list[MetricChange]:
        """The finished spans that are not written yet; they count as written from now on.

        :param number: on disk.
        :param most: of them, the oldest of each step first; ``None``: all.
        """
        changes: list[MetricChange] = []
        for step in STEPS:
            room = None if most is None else most - len(changes)
            for span in islice(self.series.finished(step, self._written[step]), room):
                changes.append(Put(SpanRow(number, step, self._slots[step], span)))
                self._slots[step] = self._after(step, self._slots[step])
                self._written[step] = span.timestamp
                if step == "minute":
                    self._jump = (-1, -1)
        return changes

    def _after(self, step: str, slot: int) -> int:
        """The next slot; behind the minute that was there at the start there may be some of another clock."""
        if step == "minute" and slot == self._jump[0]:
            return self._jump[1]
        return (slot + 1) % STEPS[step][1]

    def rest(self, number: int) -> list[MetricChange]:
        """The minutes that are not finished, for the disk alone: whoever loads the newest goes on with it.

        :param number: on disk.
        """
        slot, changes = self._slots["minute"], list[MetricChange]()
        for minute in self.series.under_way("minute"):
            changes.append(Put(SpanRow(number, "minute", slot, minute)))
            slot = self._after("minute", slot)
        return changes


class ArchiveIndex:
    """The series of the file.

    :param rows: of them.
    """

    def __init__(self, rows: Iterable[SeriesRow], limit: int = STORED_LIMIT) -> None:
        self._rows: dict[Name, SeriesRow] = {(row.metric, row.labels): row for row in rows}
        self._limit = limit
        self._next = 1 + max((row.number for row in self._rows.values()), default=0)

    def number_of(self, name: Name) -> int | None:
        """Its number, if it is in the file."""
        row = self._rows.get(name)
        return row.number if row is not None else None

    def see(self, name: Name, at: float, live: Iterable[Name] = ()) -> tuple[int | None, list[MetricChange]]:
        """A series is there, for the first time or still; a new one may take another's place.

        :param live: the series that are in memory, which keep their places.
        :returns: its number, and what is to be written; no number where all places are taken by those in memory.
        """
        row = self._rows.get(name)
        changes: list[MetricChange] = []
        if row is not None:
            row = attrs.evolve(row, seen=max(at, row.seen))
        else:
            if len(self._rows) >= self._limit:
                kept = set(live)
                others = (each for each in self._rows.values() if (each.metric, each.labels) not in kept)
                old = min(others, key=lambda each: each.seen, default=None)
                if old is None:
                    return None, []
                del self._rows[old.metric, old.labels]
                changes.append(Erase(SeriesRow, old.key))
            row = SeriesRow(self._next, *name, at)
            self._next += 1
        self._rows[name] = row
        return row.number, [*changes, Put(row)]

    def only(self, live: Iterable[Name]) -> list[MetricChange]:
        """The disk has lost what it had: forget the series that are not in memory.

        :returns: what makes the others known there.
        """
        self._rows = {name: row for name in live if (row := self._rows.get(name)) is not None}
        return [Put(row) for row in self._rows.values()]

    def __len__(self) -> int:
        """Series in the file."""
        return len(self._rows)
