"""Spans of one length (minutes, say): the last finished ones in packed storage, and the one under way."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator

import attrs

from lanrage.core.fold import NEVER

FIELDS = 5
"""Numbers of a span: its beginning, count, min, max and sum; 8 bytes each."""


@attrs.frozen
class Span:
    """The samples of a minute, an hour or a day (UTC).

    :param timestamp: its beginning, a multiple of its length.
    :param total: the samples' sum.
    """

    timestamp: float
    count: int
    min: float
    max: float
    total: float

    @property
    def avg(self) -> float:
        """Never beyond the samples' bounds, whatever the sum was rounded to."""
        return min(self.max, max(self.min, self.total / self.count))

    def joined(self, other: Span) -> Span:
        """The samples of both; the beginning is this one's."""
        low, high = min(self.min, other.min), max(self.max, other.max)
        return Span(self.timestamp, self.count + other.count, low, high, self.total + other.total)


class SpanRing:
    """The last finished spans of one length, and the one under way.

    :param seconds: of a span.
    :param kept: finished spans at most.
    :param small: finished spans for which there is room at first; one more takes the room of all.
    :param done: called with each span that is finished.
    """

    __slots__ = ("_current", "_done", "_filled", "_kept", "_next", "_numbers", "_seconds")

    def __init__(self, seconds: float, kept: int, small: int, done: Callable[[Span], object]) -> None:
        self._seconds, self._kept, self._done = seconds, kept, done
        self._numbers = _room(small)
        self._next = self._filled = 0
        self._current: Span | None = None

    def add(self, part: Span) -> None:
        """A part of a span; parts come in the order of time."""
        current = self._current
        if current is not None and part.timestamp < current.timestamp + self._seconds:
            self._current = current.joined(part)
            return
        if current is not None:
            self.keep(current)
            self._done(current)
        began = part.timestamp // self._seconds * self._seconds
        self._current = attrs.evolve(part, timestamp=began)

    def keep(self, span: Span) -> None:
        """A finished span, later than those before it."""
        place = FIELDS * self._next
        if place == len(self._numbers):
            self._grow()
        self._numbers[place : place + FIELDS] = numbers_of(span)
        self._next = (self._next + 1) % self._kept
        self._filled = min(self._kept, self._filled + 1)

    def _grow(self) -> None:
        numbers = _room(self._kept)
        numbers[: len(self._numbers)] = self._numbers
        self._numbers = numbers

    def load(self, numbers: array[float]) -> None:
        """Finished spans, in place of what the ring holds; of more than it keeps, the newest."""
        numbers = numbers[-FIELDS * self._kept :]
        if len(numbers) > len(self._numbers):
            self._numbers = _room(self._kept)
        self._numbers[: len(numbers)] = numbers
        self._filled = len(numbers) // FIELDS
        self._next = self._filled % self._kept
        self._current = None

    @property
    def current(self) -> Span | None:
        """The span under way."""
        return self._current

    def finished(self, after: float = NEVER) -> Iterator[Span]:
        """The finished ones, the oldest first.

        :param after: of those that began later than this; the others are not looked at.
        """
        numbers, first = self._numbers, self._next
        while first > self._next - self._filled and numbers[FIELDS * ((first - 1) % self._kept)] > after:
            first -= 1
        for number in range(first, self._next):
            place = FIELDS * (number % self._kept)
            began, count, low, high, total = numbers[place : place + FIELDS]
            yield Span(began, int(count), low, high, total)

    @property
    def memory_bytes(self) -> int:
        """Of the finished spans' storage."""
        return 8 * len(self._numbers)


def _room(spans: int) -> array[float]:
    return array("d", (0.0,)) * (FIELDS * spans)


def numbers_of(span: Span) -> array[float]:
    """A span in packed storage."""
    return array("d", (span.timestamp, span.count, span.min, span.max, span.total))


def spans_in(numbers: array[float]) -> Iterator[Span]:
    """The spans in packed storage."""
    for place in range(0, len(numbers), FIELDS):
        began, count, low, high, total = numbers[place : place + FIELDS]
        yield Span(began, int(count), low, high, total)
