"""What is left of a series over a month: minutes, hours and days in fixed, packed memory."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence

import attrs

STEPS = {"minute": (60.0, 1440), "hour": (3600.0, 720), "day": (86400.0, 30)}
"""Seconds of each step, and how many are kept: a day, a month, a month."""
WIDTH = 5
"""Numbers of a row: start, count, least, greatest, sum; each a double."""
GROWTH = 16
"""Rows that are made room for at once until all is reserved."""

Row = tuple[float, float, float, float, float]


@attrs.frozen
class HistoryStep:
    """The samples of a minute, an hour or a day.

    :param timestamp: the step's beginning, in seconds.
    """

    timestamp: float
    count: int
    min: float
    max: float
    avg: float


class StepRows:
    """The newest steps of one kind.

    :param seconds: of a step.
    :param kept: steps at most.
    """

    __slots__ = ("_rows", "kept", "seconds", "size")

    def __init__(self, seconds: float, kept: int) -> None:
        self.seconds, self.kept, self.size = seconds, kept, 0
        self._rows = array("d")

    def put(self, row: Row) -> Row | None:
        """Count a row in, which is not before the last step; the step before when a new one begins with it.

        :returns: a step that is over now.
        """
        began = row[0] // self.seconds * self.seconds
        rows, at = self._rows, (self.size - 1) * WIDTH
        if self.size and rows[at] >= began:
            rows[at + 1] += row[1]
            rows[at + 2] = min(rows[at + 2], row[2])
            rows[at + 3] = max(rows[at + 3], row[3])
            rows[at + 4] += row[4]
            return None
        over = self.last()
        if self.size >= self.kept:
            rows[:at] = rows[WIDTH : at + WIDTH]
            self.size -= 1
        elif len(rows) == self.size * WIDTH:
            self.reserve(min(self.size + GROWTH, self.kept))
        at = self.size * WIDTH
        rows[at], rows[at + 1], rows[at + 2], rows[at + 3], rows[at + 4] = began, *row[1:]
        self.size += 1
        return over

    def last(self) -> Row | None:
        """The step that is not over; ``None`` when there is none."""
        if not self.size:
            return None
        start, count, least, most, total = self._rows[(self.size - 1) * WIDTH : self.size * WIDTH]
        return start, count, least, most, total

    def reserve(self, steps: int) -> None:
        """Have room for so many."""
        self._rows.extend(array("d", bytes(8 * (steps * WIDTH - len(self._rows)))))

    def shown(self, open_parts: Iterable[Row]) -> list[HistoryStep]:
        """All steps with parts of smaller kinds that are not over, the oldest first."""
        whole = StepRows(self.seconds, self.kept)
        whole._rows, whole.size = array("d", self._rows), self.size
        for row in open_parts:
            whole.put(row)
        rows = whole._rows
        return [
            HistoryStep(rows[at], int(rows[at + 1]), rows[at + 2], rows[at + 3], rows[at + 4] / rows[at + 1])
            for at in range(0, whole.size * WIDTH, WIDTH)
        ]

    @property
    def memory_bytes(self) -> int:
        """With what is held ready for growth."""
        return self._rows.__sizeof__()


class MetricHistory:
    """Minutes, of those that are over hours, and of those days."""

    __slots__ = ("_kinds",)

    def __init__(self) -> None:
        self._kinds = tuple(StepRows(seconds, kept) for seconds, kept in STEPS.values())

    def merge(self, start: float, values: Sequence[float]) -> None:
        """Samples of one minute, whose first is at `start`; not before any that were merged."""
        if not values:
            return
        ranked = sorted(values)  # for so few this is quicker than to look for both ends
        row: Row | None = (start, float(len(ranked)), ranked[0], ranked[-1], sum(ranked))
        for kind in self._kinds:
            if row is not None:
                row = kind.put(row)

    def reserve(self) -> None:
        """Take the memory of a month now: who runs for hours is to take no more from then on."""
        for kind in self._kinds:
            kind.reserve(kind.kept)

    def steps(self, step: str) -> list[HistoryStep]:
        """The steps of a kind, the oldest first; the last one is not over.

        :raises KeyError: there is no such kind.
        """
        seconds, _ = STEPS[step]
        smaller = [kind.last() for kind in self._kinds if kind.seconds < seconds]
        (wanted,) = (kind for kind in self._kinds if kind.seconds == seconds)
        return wanted.shown(row for row in reversed(smaller) if row is not None)

    @property
    def memory_bytes(self) -> int:
        """Of all kinds, with what is held ready for growth."""
        return sum(kind.memory_bytes for kind in self._kinds)
