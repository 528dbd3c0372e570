"""One series of samples: a ring in packed storage whose oldest part becomes an aggregate when it is full."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Sequence

import attrs

from lanrage.core.metric_history import HistoryStep, MetricHistory

SAMPLES = 10_000
"""Of a ring; 16 bytes each."""
OLDEST = 3_600
"""Samples that become one aggregate when the ring is full: an hour at one a second."""
AGGREGATES = 30
"""That are kept."""


@attrs.frozen
class AggregatedMetric:
    """Some samples in one.

    :param timestamp: of the first of them.
    :param p95: nearest rank: the smallest sample that 95 of 100 do not exceed.
    """

    timestamp: float
    count: int
    min: float
    max: float
    avg: float
    p95: float
    p99: float

    @classmethod
    def of(cls, timestamp: float, values: Sequence[float]) -> AggregatedMetric:
        """Of at least one sample."""
        ranked = sorted(values)
        p95, p99 = (ranked[max(0, math.ceil(share * len(ranked)) - 1)] for share in (0.95, 0.99))
        return cls(timestamp, len(ranked), ranked[0], ranked[-1], math.fsum(ranked) / len(ranked), p95, p99)


@attrs.define
class CircularMetricsBuffer:
    """The newest samples, and aggregates of those before them.

    :ivar fills: how often the ring was full.
    """

    aggregates: deque[AggregatedMetric] = attrs.field(init=False, factory=lambda: deque(maxlen=AGGREGATES))
    fills: int = attrs.field(init=False, default=0)
    _times: array[float] = attrs.field(init=False, factory=lambda: array("d"))
    _values: array[float] = attrs.field(init=False, factory=lambda: array("d"))
    _history: MetricHistory = attrs.field(init=False, factory=MetricHistory)
    _open: int = attrs.field(init=False, default=0)
    _newest: float = attrs.field(init=False, default=-math.inf)
    _minute_end: float = attrs.field(init=False, default=-math.inf)

    def add(self, value: float, now: float) -> None:
        """One more; a time before the newest counts as the newest."""
        if now < self._newest:
            now = self._newest
        self._newest = now
        if now >= self._minute_end:
            self._settle()
            self._minute_end = now // 60.0 * 60.0 + 60.0
        times = self._times
        if len(times) >= SAMPLES:
            self._aggregate()
        times.append(now)
        self._values.append(value)

    def _settle(self) -> None:
        """Bring the samples that are in no history, all of one minute, into it."""
        if self._open < len(self._times):
            self._history.merge(self._times[self._open], self._values[self._open :])
            self._open = len(self._times)

    def _aggregate(self) -> None:
        self._settle()
        self.fills += 1
        self.aggregates.append(AggregatedMetric.of(self._times[0], self._values[:OLDEST]))
        del self._times[:OLDEST], self._values[:OLDEST]
        self._open = len(self._times)

    @property
    def latest(self) -> tuple[float, float]:
        """(time, value) of the newest sample.

        :raises IndexError: there is none.
        """
        return self._times[-1], self._values[-1]

    def history(self, step: str) -> list[HistoryStep]:
        """The steps of a ``minute``, ``hour`` or ``day``, the oldest first; the last one is not over."""
        self._settle()
        return self._history.steps(step)

    def __len__(self) -> int:
        """Samples in the ring."""
        return len(self._times)

    def window(self, start: float, end: float) -> list[tuple[float, float]]:
        """(time, value) of the samples from `start` to `end`, both included; what lies outside is not looked at."""
        first, last = bisect_left(self._times, start), bisect_right(self._times, end)
        return list(zip(self._times[first:last], self._values[first:last], strict=True))

    @property
    def memory_bytes(self) -> int:
        """Of the samples and of the history; what the arrays hold ready for growth (an eighth at most) is not in it."""
        return 16 * len(self._times) + self._history.memory_bytes
