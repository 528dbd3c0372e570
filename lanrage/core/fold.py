"""Samples of one second in one: a stream may bring any number of them, a ring gets one a second."""

from __future__ import annotations

from math import floor

NEVER = float("-inf")


class Fold:
    """The samples of the second under way.

    :param sums: the value of a second is its last one (a counter's); else it is their mean.
    :ivar at: of the first sample.
    :ivar count: how many there are; none before the first one.
    """

    __slots__ = ("_sums", "at", "count", "end", "last", "max", "min", "total")

    def __init__(self, *, sums: bool = False) -> None:
        self._sums = sums
        self.at = self.end = NEVER
        self.count = 0
        self.last = self.min = self.max = self.total = 0.0

    def take(self, value: float, now: float) -> bool:
        """One more sample; one before the second's beginning is counted to it.

        :returns: false when the second is over: the sample is not taken, :meth:`begin` starts the next one.
        """
        if now >= self.end:
            return False
        self.count += 1
        self.total += value
        self.last = value
        if value < self.min:
            self.min = value
        elif value > self.max:
            self.max = value
        return True

    def begin(self, value: float, now: float) -> None:
        """The first sample of a second."""
        self.at, self.end = now, floor(now) + 1.0
        self.count = 1
        self.last = self.min = self.max = self.total = value

    @property
    def value(self) -> float:
        """What the ring gets of this second; it has one sample at least."""
        return self.last if self._sums or self.count == 1 else self.total / self.count
