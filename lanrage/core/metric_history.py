"""What is left of a series over a month: minutes, hours and days in fixed, packed memory."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import attrs

STEPS = {"minute": (60.0, 1440), "hour": (3600.0, 720), "day": (86400.0, 30)}
"""Seconds of each step, and how many are kept: a day, a month, a month."""
WIDTH = 5
"""Numbers of a step: start, count, least, greatest, sum."""


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


class MetricHistory:
    """The newest steps of each kind; the last one is still open."""

    __slots__ = ("_rows",)

    def __init__(self) -> None:
        self._rows: dict[str, array[float]] = {step: array("d") for step in STEPS}

    def merge(self, start: float, values: Sequence[float]) -> None:
        """Samples of one minute, whose first is at `start`; not before any that were merged."""
        if not values:
            return
        count, least, most, total = float(len(values)), min(values), max(values), sum(values)
        for step, (seconds, kept) in STEPS.items():
            rows, began = self._rows[step], start // seconds * seconds
            if rows and rows[-WIDTH] >= began:
                rows[-4] += count
                rows[-3] = min(rows[-3], least)
                rows[-2] = max(rows[-2], most)
                rows[-1] += total
                continue
            if len(rows) >= kept * WIDTH:
                del rows[:WIDTH]
            rows.extend((began, count, least, most, total))

    def steps(self, step: str) -> list[HistoryStep]:
        """The steps of a kind, the oldest first.

        :raises KeyError: there is no such kind.
        """
        rows = self._rows[step]
        return [
            HistoryStep(rows[at], int(rows[at + 1]), rows[at + 2], rows[at + 3], rows[at + 4] / rows[at + 1])
            for at in range(0, len(rows), WIDTH)
        ]

    @property
    def memory_bytes(self) -> int:
        """Of the steps that are held."""
        return sum(rows.itemsize * len(rows) for rows in self._rows.values())
