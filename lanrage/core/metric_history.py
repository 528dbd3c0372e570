"""What a series was like by minute, hour and day: fixed memory, whatever the number of samples."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator

import attrs

from lanrage.core.fold import Fold

FIELDS = 5
"""Numbers of a step: its beginning, count, min, max and sum; 8 bytes each."""
STEPS: dict[str, tuple[float, int]] = {"minute": (60.0, 1_440), "hour": (3_600.0, 720), "day": (86_400.0, 30)}
"""Seconds of a step, and how many are kept: a day of minutes, 30 days of hours, 30 days."""
HISTORY_BYTES = 8 * FIELDS * sum(kept for _, kept in STEPS.values())


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
    :param done: called with each span that is finished.
    """

    __slots__ = ("_current", "_done", "_filled", "_kept", "_next", "_numbers", "_seconds")

    def __init__(self, seconds: float, kept: int, done: Callable[[Span], object]) -> None:
        self._seconds, self._kept, self._done = seconds, kept, done
        self._numbers = array("d", (0.0,)) * (FIELDS * kept)
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
        numbers = array("d", (span.timestamp, span.count, span.min, span.max, span.total))
        self._numbers[place : place + FIELDS] = numbers
        self._next = (self._next + 1) % self._kept
        self._filled = min(self._kept, self._filled + 1)

    @property
    def current(self) -> Span | None:
        """The span under way."""
        return self._current

    def finished(self) -> Iterator[Span]:
        """The finished ones, the oldest first."""
        for number in range(self._next - self._filled, self._next):
            place = FIELDS * (number % self._kept)
            began, count, low, high, total = self._numbers[place : place + FIELDS]
            yield Span(began, int(count), low, high, total)


class MetricHistory:
    """The minutes, hours and days of one series: each is made of the finished ones below it.

    :param done: called with the name of the step and each span that is finished.
    """

    __slots__ = ("_rings",)

    def __init__(self, done: Callable[[str, Span], object] = lambda step, span: None) -> None:
        above: Callable[[Span], object] = id  # above the days is nothing
        self._rings: dict[str, SpanRing] = {}
        for step, (seconds, kept) in reversed(STEPS.items()):
            ring = SpanRing(seconds, kept, _both(step, done, above))
            self._rings[step], above = ring, ring.add

    def add(self, second: Fold) -> None:
        """The samples of one second, later than those before."""
        self._rings["minute"].add(span_of(second))

    def spans(self, step: str, second: Fold) -> list[Span]:
        """All of one step, the oldest first, with the one under way at last.

        :param second: the samples that are not yet added.
        """
        wanted = self._rings[step]
        found = list(wanted.finished())
        parts = [wanted.current]
        for below in list(STEPS)[: list(STEPS).index(step)][::-1]:
            parts.append(self._rings[below].current)
        parts.append(span_of(second) if second.count else None)
        rest = SpanRing(STEPS[step][0], 1, found.append)
        for part in parts:
            if part is not None:
                rest.add(part)
        if rest.current is not None:
            found.append(rest.current)
        return found[-STEPS[step][1] :]


def _both(step: str, done: Callable[[str, Span], object], above: Callable[[Span], object]) -> Callable[[Span], object]:
    def finished(span: Span) -> None:
        done(step, span)
        above(span)

    return finished


def span_of(second: Fold) -> Span:
    """A second's samples."""
    return Span(second.at, second.count, second.min, second.max, second.total)
