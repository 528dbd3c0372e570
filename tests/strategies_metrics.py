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


GAPS = st.sampled_from([0.25, 1.0, 20.0, 59.0, 61.0, 600.0, 3_000.0, 50_000.0]) | st.floats(0.001, 100_000.0)
NUMBERS = st.integers(-(10**6), 10**6).map(float)
"""Their sums are exact."""


@st.composite
def lives(draw: st.DrawFn) -> list[tuple[list[tuple[float, float]], bool]]:
    """Some lives of a process: the samples of each, (time, value) in the order of time, and whether it ends well."""
    found, now = [], draw(st.floats(0.0, 10 * 86_400.0))
    for steps, well in draw(
        st.lists(st.tuples(st.lists(st.tuples(GAPS, NUMBERS), max_size=25), st.booleans()), max_size=5)
    ):
        samples = []
        for gap, value in steps:
            now += gap
            samples.append((now, value))
        found.append((samples, well))
    return found
