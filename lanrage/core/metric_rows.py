"""What is kept on disk of the metrics' history: series, and their finished minutes, hours and days."""

from __future__ import annotations

from array import array
from typing import ClassVar

import attrs

from lanrage.core.span_ring import Span
from lanrage.core.stored_rows import Erase, Put, RowKey


@attrs.frozen
class SeriesRow:
    """A series.

    :param number: in the file; of two series never the same while one of them has spans there.
    :param labels: their values. A member is named by its identity: its address may be another's tomorrow.
    :param seen: beginning of the newest hour that was written, or the time when it came.
    """

    durable: ClassVar[bool] = False
    number: int
    metric: str
    labels: tuple[str, ...]
    seen: float

    @property
    def key(self) -> RowKey:
        """Primary key."""
        return (self.number,)


@attrs.frozen
class SpanRow:
    """A minute, an hour or a day of a series.

    :param slot: of as many as are kept of this step: a span takes the place of the oldest one.
    """

    durable: ClassVar[bool] = False
    series: int
    step: str
    slot: int
    span: Span

    @property
    def key(self) -> RowKey:
        """Primary key."""
        return (self.series, self.step, self.slot)


MetricRow = SeriesRow | SpanRow
MetricChange = Put[MetricRow] | Erase[MetricRow]


@attrs.frozen
class StoredSpans:
    """What the file holds of one step of a series.

    :param numbers: its spans, the oldest first (:mod:`lanrage.core.span_ring`).
    :param slot: of the newest; -1 where there is none.
    :param after: the slot of the next one; -1: the one behind the newest.
    """

    numbers: array[float] = attrs.field(factory=lambda: array("d"))
    slot: int = -1
    after: int = -1
