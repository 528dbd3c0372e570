"""One series of samples: a ring in packed storage whose oldest part becomes an aggregate when it is full."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable, Sequence

import attrs

SAMPLES = 10_000
"""Of a ring; 16 bytes each."""
SMALL = 512
"""For so many there is room at first: a path that is tried and left needs no more. A series that lasts takes the room
of all at once, so that the memory of a process stays flat after some minutes."""
OLDEST = 3_600
"""Samples that become one aggregate when the ring is full: an hour at one a second."""
AGGREGATES = 30
"""That are kept."""
NEVER = float("-inf")


@attrs.frozen
class AggregatedMetric:
    """Some samples in one.

    :param timestamp: of the first of them.
    :param p95: nearest rank: the smallest sample that at least 95 of 100 do not exceed.
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
        """Of at least one sample; all are finite."""
        ranked = sorted(values)
        count = len(ranked)
        p95, p99 = (ranked[(share * count + 99) // 100 - 1] for share in (95, 99))
        return cls(
            timestamp,
            count,
            ranked[0],
            ranked[-1],
            min(ranked[-1], max(ranked[0], math.fsum(ranked) / count)),
            p95,
            p99,
        )


class CircularMetricsBuffer:
    """The newest samples, and aggregates of those before them.

    :param turned: called with this ring after each aggregate: the samples of the next one are known by then, so
        :meth:`prepare` can spend its half millisecond at leisure. Else it is spent when the ring is full.
    :ivar fills: how often the ring was full.
    """

    __slots__ = ("_aggregates", "_head", "_newest", "_next", "_ready", "_stop", "_times", "_turned", "_values", "fills")

    def __init__(self, turned: Callable[[CircularMetricsBuffer], object] = id) -> None:
        self.fills = 0
        self._turned = turned
        self._aggregates: deque[AggregatedMetric] = deque(maxlen=AGGREGATES)
        self._ready: AggregatedMetric | None = None
        self._times, self._values = _room(SMALL), _room(SMALL)
        self._newest = NEVER
        self._head = 0  # the oldest sample's place
        self._next = 0  # the next sample's place
        self._stop = SMALL  # where the next sample cannot be put as it is

    def add(self, value: float, now: float) -> None:
        """One more; a time before the newest counts as the newest."""
        place = self._next
        if place == self._stop:
            place = self._turn()
        if now < self._newest:
            now = self._newest
        else:
            self._newest = now
        self._times[place] = now
        self._values[place] = value
        self._next = place + 1

    def _turn(self) -> int:
        """Make room: take all of it, or go on at its beginning, where a full ring's oldest part becomes an aggregate.

        :returns: the next sample's place.
        """
        if len(self._times) < SAMPLES:
            self._grow()
            return self._next
        place = self._next % SAMPLES
        if place == self._head:
            self._aggregates.append(self._ready or self._oldest())
            self._ready = None
            self._head = (place + OLDEST) % SAMPLES
            self.fills += 1
            self._turned(self)
        self._stop = self._head if self._head > place else SAMPLES
        return place

    def _grow(self) -> None:
        """Take the room of a whole ring; nothing has gone around its end yet."""
        times, values = _room(SAMPLES), _room(SAMPLES)
        times[:SMALL], values[:SMALL] = self._times, self._values
        self._times, self._values, self._stop = times, values, SAMPLES

    def _oldest(self) -> AggregatedMetric:
        begin, end = self._head, self._head + OLDEST
        values = self._values[begin:end] + self._values[: max(0, end - SAMPLES)]
        return AggregatedMetric.of(self._times[begin], values)

    def prepare(self) -> bool:
        """Make the aggregate that the full ring will need; false as long as its samples are not all there.

        Before, take the whole ring's room ahead of time: those that began together need it together.
        """
        if len(self._times) < SAMPLES and self._next > SMALL // 2:
            self._grow()
        if self._ready is None and len(self) >= OLDEST:
            self._ready = self._oldest()
        return self._ready is not None

    @property
    def aggregates(self) -> tuple[AggregatedMetric, ...]:
        """Of the samples that have left the ring, the oldest first; at most 30."""
        return tuple(self._aggregates)

    def __len__(self) -> int:
        """Samples in the ring."""
        return sum(end - start for start, end in self._runs())

    def _runs(self) -> tuple[tuple[int, int], ...]:
        """Where the samples are, the oldest first: in one piece, or in two around the storage's end."""
        if self._newest == NEVER:
            return ()
        if self._head < self._next:
            return ((self._head, self._next),)
        return ((self._head, SAMPLES), (0, self._next))

    @property
    def last(self) -> tuple[float, float] | None:
        """(time, value) of the newest sample; none in an empty ring."""
        return (self._newest, self._values[self._next - 1]) if self._next else None

    def window(self, start: float, end: float) -> list[tuple[float, float]]:
        """(time, value) of the samples from `start` to `end`, both included; what lies outside is not looked at."""
        found: list[tuple[float, float]] = []
        times, values = self._times, self._values
        for low, high in self._runs():
            first = bisect_left(times, start, low, high)
            last = bisect_right(times, end, first, high)
            found += zip(times[first:last], values[first:last], strict=True)
        return found

    @property
    def memory_bytes(self) -> int:
        """Of the samples' storage."""
        return 16 * len(self._times)


def _room(samples: int) -> array[float]:
    return array("d", (0.0,)) * samples  # allocated to the byte; one that is filled is not
