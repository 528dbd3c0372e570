"""Readings as sources give them."""

from __future__ import annotations

from hypothesis import strategies as st

from lanrage.core.metric_names import METRICS
from lanrage.core.metric_reading import Reading, label

VALUES = st.floats(allow_nan=False) | st.integers(0, 2**53).map(float)
TEXTS = st.text(st.characters(exclude_categories=["Cs"])).map(label)


@st.composite
def readings(draw: st.DrawFn) -> list[Reading]:
    """Readings of metrics that there are, each series once, with any labels that a source may give."""
    found: dict[tuple[str, tuple[str, ...]], float] = {}
    for metric in draw(st.lists(st.sampled_from(METRICS), max_size=20)):
        labels = tuple(draw(TEXTS) for _ in metric.labels)
        found[metric.name, labels] = draw(VALUES)
    return [Reading(name, labels, value) for (name, labels), value in found.items()]
