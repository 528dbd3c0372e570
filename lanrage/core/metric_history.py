"""What a series was like by minute, hour and day: fixed memory, whatever the number of samples."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping

from lanrage.core.fold import NEVER, Fold
from lanrage.core.span_ring import FIELDS, Span, SpanRing, spans_in

STEPS: dict[str, tuple[float, int]] = {"minute": (60.0, 1_440), "hour": (3_600.0, 720), "day": (86_400.0, 30)}
"""Seconds of a step, and how many are kept: a day of minutes, 30 days of hours, 30 days."""
SMALL = {"minute": 10, "hour": 4, "day": 30}
"""For how many there is room at first: a path that was tried for some minutes takes little."""
HISTORY_BYTES = 8 * FIELDS * sum(kept for _, kept in STEPS.values())
"""Once it has lasted."""


class MetricHistory:
    """The minutes, hours and days of one series: each is made of the finished ones below it."""

    __slots__ = ("_rings",)

    def __init__(self) -> None:
        above: Callable[[Span], object] = id  # above the days is nothing
        self._rings: dict[str, SpanRing] = {}
        for step, (seconds, kept) in reversed(STEPS.items()):
            ring = SpanRing(seconds, kept, SMALL[step], above)
            self._rings[step], above = ring, ring.add

    def add(self, second: Fold) -> None:
        """The samples of one second, later than those before."""
        self._rings["minute"].add(span_of(second))

    def load(self, stored: Mapping[str, array[float]]) -> None:
        """Finished spans from before the first sample; the samples until now come after them.

        The newest minute may not have been over; it is taken for the one under way, so that it is finished once more.
        Hours and days under way are made of the minutes and hours that are in no stored one.

        :param stored: of each step, the oldest first, :data:`FIELDS` numbers each.
        """
        minutes = self._rings["minute"]
        fresh = [*minutes.finished(), *_there(minutes.current)]
        for step, ring in self._rings.items():
            ring.load(stored[step][:-FIELDS] if step == "minute" else stored[step])
        for step, below in (("day", "hour"), ("hour", "minute")):
            over = stored[step][-FIELDS] + STEPS[step][0] if stored[step] else NEVER
            parts = stored[below] if below == "hour" else stored[below][:-FIELDS]
            for span in spans_in(parts[FIELDS * bisect_left(parts[::FIELDS], over) :]):
                self._rings[step].add(span)
        for span in (*spans_in(stored["minute"][-FIELDS:]), *fresh):
            minutes.add(span)

    def finished(self, step: str, after: float) -> Iterator[Span]:
        """The finished ones of one step that began later than this, the oldest first."""
        return self._rings[step].finished(after)

    def spans(self, step: str, second: Fold) -> list[Span]:
        """All of one step, the oldest first, with the one under way at last.

        :param second: the samples that are not yet added.
        """
        return [*self._rings[step].finished(), *self.under_way(step, second)][-STEPS[step][1] :]

    def under_way(self, step: str, second: Fold) -> list[Span]:
        """Those of one step that are not finished; the samples of the second may lead to one more.

        :param second: see :meth:`spans`.
        """
        found: list[Span] = []
        parts = [self._rings[step].current]
        for below in list(STEPS)[: list(STEPS).index(step)][::-1]:
            parts.append(self._rings[below].current)
        parts.append(span_of(second) if second.count else None)
        rest = SpanRing(STEPS[step][0], 1, 1, found.append)
        for part in parts:
            if part is not None:
                rest.add(part)
        if rest.current is not None:
            found.append(rest.current)
        return found

    @property
    def memory_bytes(self) -> int:
        """Of the finished spans' storage."""
        return sum(ring.memory_bytes for ring in self._rings.values())


def _there(span: Span | None) -> tuple[Span, ...]:
    return () if span is None else (span,)


def span_of(second: Fold) -> Span:
    """A second's samples."""
    return Span(second.at, second.count, second.min, second.max, second.total)
