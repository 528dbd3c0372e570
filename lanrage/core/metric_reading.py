"""One reading of a metric, and what may stand in its labels."""

from __future__ import annotations

from typing import NamedTuple

LABEL_LIMIT = 64
"""Characters of a label's value; what is longer is cut off. A member's name has at most 32."""


class Reading(NamedTuple):
    """What a source says.

    :param name: of a metric in :data:`lanrage.core.metric_names.METRICS`.
    :param labels: values, in the order of the metric's label names.
    :param value: in the metric's unit; of a counter the sum since the process began.
    """

    name: str
    labels: tuple[str, ...]
    value: float


def label(text: str) -> str:
    """A text that others may have chosen (a member's name) as a label's value: printable, and of bounded length."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text[:LABEL_LIMIT])
