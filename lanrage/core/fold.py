"""One sample a second of a stream that is faster."""

from __future__ import annotations

import attrs


@attrs.frozen
class FoldedSecond:
    """What came in one second.

    :param timestamp: the second's beginning.
    """

    timestamp: float
    count: int
    sum: float
    min: float
    max: float
    last: float

    @property
    def mean(self) -> float:
        """Of the values."""
        return self.sum / self.count


class SecondFold:
    """Gathers a second's values; the next second's first value gives them back. A time that goes back counts as now."""

    __slots__ = ("_count", "_last", "_max", "_min", "_second", "_sum")

    def __init__(self) -> None:
        self._second = float("-inf")
        self._count = 0
        self._sum = self._min = self._max = self._last = 0.0

    def add(self, value: float, now: float) -> FoldedSecond | None:
        """One more value; the second before it when that is over."""
        if now < self._second + 1.0 and self._count:
            self._count += 1
            self._sum += value
            self._last = value
            if value < self._min:
                self._min = value
            elif value > self._max:
                self._max = value
            return None
        done = self.close()
        self._second, self._count = now // 1.0, 1
        self._sum = self._min = self._max = self._last = value
        return done

    def close(self) -> FoldedSecond | None:
        """What was gathered, whether its second is over or not; None when there is nothing."""
        if not self._count:
            return None
        done = FoldedSecond(self._second, self._count, self._sum, self._min, self._max, self._last)
        self._count = 0
        return done
