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
GROWTH = 500
"""Samples that a ring grows by; a short series takes no room for a long one."""
OLDEST = 3_600
"""Samples that become one aggregate when the ring is full: an hour at one a second."""
AGGREGATES = 30
"""That are kept."""


AGGREGATE_BYTES = 336
"""Of one aggregate: seven numbers of CPython's, 24 to 32 bytes each, and the object that holds them."""


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
        return cls(timestamp, len(ranked), ranked[0], ranked[-1], sum(ranked) / len(ranked), p95, p99)


class CircularMetricsBuffer:
    """The newest samples, aggregates of those before them, and the history of all.

    :ivar aggregates: the newest :data:`AGGREGATES`, the oldest first.
    :ivar fills: how often the ring was full.
    """

    __slots__ = ("_history", "_minute_end", "_newest", "_open", "_size", "_times", "_values", "aggregates", "fills")

    def __init__(self) -> None:
        self.aggregates: deque[AggregatedMetric] = deque(maxlen=AGGREGATES)
        self.fills = 0
        self._times = array("d")
        self._values = array("d")
        self._history = MetricHistory()
        self._size = 0
        self._open = 0  # the first sample that is in no history yet
        self._newest = self._minute_end = -math.inf

    def add(self, value: float, now: float) -> None:
        """One more; a time before the newest counts as the newest."""
        if not self._newest <= now < self._minute_end:
            now = self._turn(now)
        self._newest = now
        at = self._size
        try:
            self._times[at] = now
        except IndexError:  # once in hundreds: what is not asked for each time costs nothing
            at = self._make_room()
            self._times[at] = now
        self._values[at] = value
        self._size = at + 1

    def _make_room(self) -> int:
        """Place for the next sample; where that is."""
        if self._size >= SAMPLES:
            self._aggregate()
        room = array("d", bytes(8 * min(GROWTH, SAMPLES - len(self._times))))
        self._times.extend(room)
        self._values.extend(room)
        return self._size

    def _turn(self, now: float) -> float:
        """A minute is over, or the clock went back; the time that counts."""
        if now < self._newest:
            return self._newest
        self._settle()
        self._minute_end = now // 60.0 * 60.0 + 60.0
        return now

    def _settle(self) -> None:
        """Bring the samples that are in no history, all of one minute, into it."""
        if self._open < self._size:
            self._history.merge(self._times[self._open], self._values[self._open : self._size].tolist())
            self._open = self._size

    def _aggregate(self) -> None:
        self._settle()
        if not self.fills:
            self._history.reserve()
        self.fills += 1
        self.aggregates.append(AggregatedMetric.of(self._times[0], self._values[:OLDEST].tolist()))
        del self._times[:OLDEST], self._values[:OLDEST]
        self._size -= OLDEST
        self._open = self._size

    @property
    def latest(self) -> tuple[float, float]:
        """(time, value) of the newest sample.

        :raises IndexError: there is none.
        """
        if not self._size:
            raise IndexError("no sample yet")
        return self._times[self._size - 1], self._values[self._size - 1]

    def history(self, step: str) -> list[HistoryStep]:
        """The steps of a ``minute``, ``hour`` or ``day``, the oldest first; the last one is not over."""
        self._settle()
        return self._history.steps(step)

    def __len__(self) -> int:
        """Samples in the ring."""
        return self._size

    def window(self, start: float, end: float) -> list[tuple[float, float]]:
        """(time, value) of the samples from `start` to `end`, both included; what lies outside is not looked at."""
        first, last = bisect_left(self._times, start, 0, self._size), bisect_right(self._times, end, 0, self._size)
        return list(zip(self._times[first:last], self._values[first:last], strict=True))

    @property
    def memory_bytes(self) -> int:
        """Of samples, aggregates and history, with what is held ready for growth."""
        samples = self._times.__sizeof__() + self._values.__sizeof__()
        return samples + AGGREGATE_BYTES * len(self.aggregates) + self._history.memory_bytes
