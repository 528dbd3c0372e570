"""All series of a process: a ring and a history for each metric and set of labels."""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from math import isfinite

import attrs

from lanrage.core.fold import Fold
from lanrage.core.metric_history import MetricHistory
from lanrage.core.series import AggregatedMetric, CircularMetricsBuffer
from lanrage.core.span_ring import Span

SERIES_LIMIT = 1024
"""A series takes 10 kB at first, and 248 once it has lasted: the ring 160, the history 88."""


@attrs.frozen
class Metric:
    """What is measured.

    :param kind: ``gauge`` or ``counter``.
    :param unit: a base unit, or empty.
    :param labels: their names.
    """

    name: str
    kind: str
    unit: str
    help: str
    labels: tuple[str, ...] = ()


class Series:
    """One series: the second under way, the ring of seconds, the history.

    :param sums: see :class:`Fold`.
    :param waiting: rings whose next aggregate is not made.
    :ivar ring: the seconds.
    """

    __slots__ = ("_fold", "_history", "_take", "ring")

    def __init__(self, *, sums: bool, waiting: deque[CircularMetricsBuffer]) -> None:
        self.ring = CircularMetricsBuffer(waiting.append)
        waiting.append(self.ring)
        self._history = MetricHistory()
        self._fold = fold = Fold(sums=sums)
        self._take = fold.take

    def record(self, value: float, now: float) -> None:
        """One sample; a time before the newest second counts to that one."""
        if self._take(value, now):
            return
        fold = self._fold
        if fold.count:
            self.ring.add(fold.value, fold.at)
            self._history.add(fold)
        fold.begin(value, now)

    @property
    def latest(self) -> tuple[float, float]:
        """(time, value) of the newest second; there is one."""
        return self._fold.at, self._fold.value

    def window(self, start: float, end: float) -> list[tuple[float, float]]:
        """See :meth:`MetricBook.window`."""
        found = self.ring.window(start, end)
        if start <= self._fold.at <= end:
            found.append(self.latest)
        return found

    def history(self, step: str) -> list[Span]:
        """See :meth:`MetricBook.history`."""
        return self._history.spans(step, self._fold)

    def finished(self, step: str, after: float) -> Iterator[Span]:
        """The finished minutes, hours or days that began later than this, the oldest first."""
        return self._history.finished(step, after)

    def under_way(self, step: str) -> list[Span]:
        """Those that are not finished; see :meth:`MetricHistory.under_way`."""
        return self._history.under_way(step, self._fold)

    def load(self, stored: Mapping[str, array[float]]) -> None:
        """See :meth:`MetricHistory.load`."""
        self._history.load(stored)

    @property
    def memory_bytes(self) -> int:
        """Of the ring and the history."""
        return self.ring.memory_bytes + self._history.memory_bytes


Told = Callable[[str, tuple[str, ...], Series], object]
"""Of a series: metric, labels, and itself."""


class MetricBook:
    """Series of some metrics.

    A series may be fed any number of samples a second: its ring gets one of each second, their mean or a counter's
    last value, with the time of the first; its history counts all of them.

    :param metrics: that have series here.
    :param limit: series at most; others are not kept.
    :ivar begun: told of each new series, which has its first sample.
    :ivar ended: told of each one that is forgotten, while it is whole.
    :ivar refused: samples that were not kept because there were too many series.
    """

    def __init__(self, metrics: Iterable[Metric], limit: int = SERIES_LIMIT) -> None:
        self._metrics = {metric.name: metric for metric in metrics}
        self._limit = limit
        self._series: dict[tuple[str, tuple[str, ...]], Series] = {}
        self._waiting: deque[CircularMetricsBuffer] = deque()
        self._fills = 0
        self.begun: Told = _nobody
        self.ended: Told = _nobody
        self.refused = 0

    def record(self, name: str, labels: tuple[str, ...], value: float, now: float) -> None:
        """One sample; one that is no finite number is not kept."""
        if not isfinite(value):
            return
        series = self._series.get((name, labels))
        if series is None:
            self._begin(name, labels, value, now)
        else:
            series.record(value, now)

    def _begin(self, name: str, labels: tuple[str, ...], value: float, now: float) -> None:
        if name not in self._metrics:
            return
        if len(self._series) >= self._limit:
            self.refused += 1
            return
        series = Series(sums=self._metrics[name].kind == "counter", waiting=self._waiting)
        self._series[name, labels] = series
        series.record(value, now)
        self.begun(name, labels, series)

    def prepare(self, most: int) -> None:
        """Look at so many series, and make their next aggregates ahead: those that began together are full together."""
        waiting = self._waiting
        for _ in range(min(most, len(waiting))):
            ring = waiting.popleft()
            if not ring.prepare():
                waiting.append(ring)

    def latest(self) -> Iterator[tuple[Metric, tuple[str, ...], float, float]]:
        """(metric, labels, value, time) of the newest second of each series."""
        for (name, labels), series in self._series.items():
            time, value = series.latest
            yield self._metrics[name], labels, value, time

    def window(self, name: str, labels: tuple[str, ...], start: float, end: float) -> list[tuple[float, float]]:
        """(time, value) of the seconds that began between two times, both included."""
        series = self._series.get((name, labels))
        return series.window(start, end) if series is not None else []

    def history(self, name: str, labels: tuple[str, ...], step: str) -> list[Span]:
        """Each ``minute``, ``hour`` or ``day``, the oldest first, the one under way at last."""
        series = self._series.get((name, labels))
        return series.history(step) if series is not None else []

    def aggregates(self, name: str, labels: tuple[str, ...]) -> tuple[AggregatedMetric, ...]:
        """Of what has left the ring, the oldest first."""
        series = self._series.get((name, labels))
        return series.ring.aggregates if series is not None else ()

    def forget(self, label: str, value: str) -> None:
        """Drop the series in which a label has this value."""
        for key in list(self._series):
            name, labels = key
            if (label, value) in zip(self._metrics[name].labels, labels, strict=True):
                series = self._series.pop(key)
                self.ended(name, labels, series)
                ring = series.ring
                self._fills += ring.fills
                if ring in self._waiting:
                    self._waiting.remove(ring)

    @property
    def buffer_fills(self) -> int:
        """How often a ring was full."""
        return self._fills + sum(series.ring.fills for series in self._series.values())

    @property
    def aggregations_performed(self) -> int:
        """Aggregates made of full rings."""
        return self.buffer_fills

    @property
    def memory_bytes(self) -> int:
        """Of all rings and histories."""
        return sum(series.memory_bytes for series in self._series.values())


def _nobody(name: str, labels: tuple[str, ...], series: Series) -> None:
    del name, labels, series
