"""The metrics of the metrics' history on disk."""

from __future__ import annotations

from collections.abc import Iterator

from lanrage.core.metric_reading import Reading


def told(*numbers: int) -> Iterator[Reading]:
    """Series, rows that wait, rows written, failures."""
    for name, number in zip(("series", "waiting", "written_total", "failures_total"), numbers, strict=True):
        yield Reading(f"lanrage_metrics_history_{name}", (), float(number))


def nothing_stored() -> Iterator[Reading]:
    """Where no history is kept, or not yet."""
    return told(0, 0, 0, 0)
