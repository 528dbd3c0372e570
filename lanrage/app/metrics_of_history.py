"""The metrics of the metrics' history on disk."""

from __future__ import annotations

from collections.abc import Iterator

from lanrage.core.metric_reading import Reading

NAMES = ("series", "waiting", "written_total", "failures_total", "dropped_total")
"""Of the metrics, without what all begin with."""


def told(*numbers: int) -> Iterator[Reading]:
    """Their values, in the order of :data:`NAMES`."""
    for name, number in zip(NAMES, numbers, strict=True):
        yield Reading(f"lanrage_metrics_history_{name}", (), float(number))


def nothing_stored() -> Iterator[Reading]:
    """Where no history is kept, or not yet."""
    return told(0, 0, 0, 0, 0)
