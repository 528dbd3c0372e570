"""The shapes of what is told of metrics and alerts (``docs/api.rst``)."""

from __future__ import annotations

from lanrage.app.results import Result


class PointShown(Result, frozen=True):
    """Some samples: of a window, or of a minute, an hour or a day.

    :param at: seconds since the epoch: the first sample's time, or the beginning of the minute, hour or day.
    :param p95: of a window, by nearest rank; ``None`` in a history, as ``p99``.
    """

    at: float
    count: int
    min: float
    max: float
    avg: float
    p95: float | None = None
    p99: float | None = None


class SeriesShown(Result, frozen=True):
    """One metric with one set of labels.

    :param value: the newest; of a counter the sum since the process began.
    :param window: what the window holds; ``None`` where the metric has no history, or nothing was in the window.
    :param history: oldest first; empty unless it was asked for.
    """

    name: str
    kind: str
    unit: str
    labels: dict[str, str]
    value: float | None
    window: PointShown | None = None
    history: list[PointShown] = []


class MetricsShown(Result, frozen=True):
    """Metrics of a node.

    :param at: when the newest sample was taken, seconds since the epoch.
    :param names: of the members, by their party addresses.
    """

    at: float
    window_s: float
    names: dict[str, str]
    series: list[SeriesShown]


class AlertEdgeShown(Result, frozen=True):
    """An alert fired, or is over.

    :param edge: ``fired``, ``resolved``, or ``gone`` with its series.
    :param since: when it fired.
    """

    at: float
    alert: str
    edge: str
    labels: dict[str, str]
    value: float
    limit: float
    since: float
    text: str


class AlertsShown(Result, frozen=True):
    """Alerts of a node.

    :param history: the latest edges, the oldest first.
    """

    firing: list[AlertEdgeShown]
    history: list[AlertEdgeShown]
