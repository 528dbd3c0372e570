"""Repeated warnings are limited and counted, so that one bad peer cannot fill the disk (``docs/logging.rst``)."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

import attrs

K = TypeVar("K", bound=Hashable)

FIRST = 5
"""Lines of one kind that go out in an interval: enough to see whether they differ."""
INTERVAL = 60.0
"""Seconds; a summary a minute is read, and is no flood."""
KINDS_LIMIT = 1024
"""Kinds of lines held; the package has some 300. Beyond, the oldest is summed up early."""


@attrs.frozen
class Summary(Generic[K]):
    """What was held back of one kind.

    :param kind: the namespace and event, say.
    :param count: lines, at least 1.
    """

    kind: K
    count: int


@attrs.define
class _Interval:
    began: float
    seen: int = 0


@attrs.define
class Repeats(Generic[K]):
    """Of each kind the first few in an interval go out, the others are counted.

    :param first: lines of a kind an interval, at least 1.
    :param interval: seconds, over 0.
    """

    first: int = FIRST
    interval: float = INTERVAL
    _kinds: dict[K, _Interval] = attrs.field(factory=dict, init=False)

    def admit(self, kind: K, now: float) -> tuple[bool, list[Summary[K]]]:
        """Whether a line of this kind goes out, and what must be told before it: the interval before it, when that is
        over, and the oldest kind, when there are too many.

        :param now: seconds of any clock; one that goes back begins a new interval.
        """
        told: list[Summary[K]] = []
        held = self._kinds.get(kind)
        if held is not None and not 0 <= now - held.began < self.interval:
            told += self._end(kind)
            held = None
        if held is None:
            if len(self._kinds) >= KINDS_LIMIT:
                told += self._end(next(iter(self._kinds)))
            held = self._kinds[kind] = _Interval(now)
        held.seen += 1
        return held.seen <= self.first, told

    def due(self, now: float) -> list[Summary[K]]:
        """The summaries of all intervals that are over; to be called when :meth:`wait` says."""
        over = [kind for kind, held in self._kinds.items() if not 0 <= now - held.began < self.interval]
        return [summary for kind in over for summary in self._end(kind)]

    def wait(self, now: float) -> float | None:
        """Seconds until the next summary, None while nothing is held back."""
        ends = [held.began + self.interval for held in self._kinds.values() if held.seen > self.first]
        return max(0.0, min(ends) - now) if ends else None

    def drain(self) -> list[Summary[K]]:
        """All that is held back, at the end of the program."""
        return [summary for kind in list(self._kinds) for summary in self._end(kind)]

    def _end(self, kind: K) -> list[Summary[K]]:
        count = self._kinds.pop(kind).seen - self.first
        return [Summary(kind, count)] if count > 0 else []
