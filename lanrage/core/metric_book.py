"""All series of a process: one ring for each metric and set of labels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import attrs

from lanrage.core.fold import SecondFold
from lanrage.core.metric_history import HistoryStep
from lanrage.core.series import CircularMetricsBuffer

SERIES_LIMIT = 1024
"""A ring takes 160 kB when it is full."""


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


class MetricBook:
    """Series of some metrics.

    :param metrics: that have series here.
    :param limit: series at most; others are not kept.
    :ivar refused: samples of series over the limit or of no known metric.
    """

    def __init__(self, metrics: Iterable[Metric], limit: int = SERIES_LIMIT) -> None:
        self._metrics = {metric.name: metric for metric in metrics}
        self._limit = limit
        self._series: dict[tuple[str, tuple[str, ...]], CircularMetricsBuffer] = {}
        self._folds: dict[tuple[str, tuple[str, ...]], SecondFold] = {}
        self._fills = 0
        self.refused = 0

    def record(self, name: str, labels: tuple[str, ...], value: float, now: float) -> None:
        """One sample."""
        series = self._series.get((name, labels))
        if series is None:
            if name not in self._metrics or len(self._series) >= self._limit:
                self.refused += 1
                return
            series = self._series[name, labels] = CircularMetricsBuffer()
        series.add(value, now)

    def fold(self, name: str, labels: tuple[str, ...], value: float, now: float) -> None:
        """One value of a stream that is faster than one a second: a second's mean becomes a sample once it is over."""
        fold = self._folds.get((name, labels))
        if fold is None:
            if len(self._folds) >= self._limit:
                self.refused += 1
                return
            fold = self._folds[name, labels] = SecondFold()
        done = fold.add(value, now)
        if done is not None:
            self.record(name, labels, done.mean, done.timestamp)

    def latest(self) -> Iterator[tuple[Metric, tuple[str, ...], float, float]]:
        """(metric, labels, value, time) of the newest sample of each series."""
        for (name, labels), series in self._series.items():
            time, value = series.latest
            yield self._metrics[name], labels, value, time

    def window(self, name: str, labels: tuple[str, ...], start: float, end: float) -> list[tuple[float, float]]:
        """(time, value) of the samples between two times, both included."""
        series = self._series.get((name, labels))
        return series.window(start, end) if series is not None else []

    def history(self, name: str, labels: tuple[str, ...], step: str) -> list[HistoryStep]:
        """Each ``minute``, ``hour`` or ``day`` that is kept, the oldest first."""
        series = self._series.get((name, labels))
        return series.history(step) if series is not None else []

    def forget(self, label: str, value: str) -> None:
        """Drop the series in which a label has this value."""
        for key in list(self._series):
            name, labels = key
            if (label, value) in zip(self._metrics[name].labels, labels, strict=True):
                self._fills += self._series.pop(key).fills
                self._folds.pop(key, None)

    @property
    def buffer_fills(self) -> int:
        """How often a ring was full."""
        return self._fills + sum(series.fills for series in self._series.values())

    @property
    def aggregations_performed(self) -> int:
        """Aggregates made of full rings."""
        return self.buffer_fills

    @property
    def memory_bytes(self) -> int:
        """Of all rings."""
        return sum(series.memory_bytes for series in self._series.values())
