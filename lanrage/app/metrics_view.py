"""What is shown of metrics: the newest sample, with windows and histories of those that have one."""

from __future__ import annotations

import attrs

from lanrage.app.metrics_keeper import MetricsKeeper
from lanrage.app.metrics_results import MetricsShown, PointShown, SeriesShown
from lanrage.app.metrics_sampler import Sample
from lanrage.core.metric_names import BY_NAME, KEPT, PEER_LABEL, full_name
from lanrage.core.metric_reading import Reading
from lanrage.core.series import AggregatedMetric
from lanrage.core.span_ring import Span
from lanrage.errors import BadInput

POINTS_LIMIT = 2500
"""Points of all histories of one answer, which has 1 MiB at most: who asks for all series gets the newest of each."""
KEPT_NAMES = frozenset(metric.name for metric in KEPT)


@attrs.frozen
class Asked:
    """What somebody wants to see.

    :param name: a metric's name, or its beginning with a ``*``; empty = all.
    :param peer: a member's name or party address; empty = all series.
    :param window: seconds.
    :param history: ``minute``, ``hour``, ``day``, or empty.
    """

    name: str = ""
    peer: str = ""
    window: float = 60.0
    history: str = ""

    def wants(self, metric: str) -> bool:
        """Whether a metric of this name is asked for."""
        beginning = full_name(self.name.removesuffix("*"))
        return metric.startswith(beginning) if self.name in ("", "*") or self.name[-1] == "*" else metric == beginning


def metrics(sample: Sample, keeper: MetricsKeeper, asked: Asked) -> MetricsShown:
    """The answer.

    :raises BadInput: fields ``name`` and ``peer``: no such metric, or member.
    """
    if not any(map(asked.wants, BY_NAME)):
        raise BadInput("name", f"no metric is called {asked.name!r}; without a name all are shown")
    addresses = _addresses(keeper.names, asked.peer)
    wanted = [
        reading
        for reading in sample.readings
        if asked.wants(reading.name) and (not addresses or _peer(reading) in addresses)
    ]
    most = max(1, POINTS_LIMIT // max(1, sum(reading.name in KEPT_NAMES for reading in wanted)))
    shown = [_series(reading, sample.at, keeper, asked, most) for reading in wanted]
    return MetricsShown(round(sample.at, 3), asked.window, dict(keeper.names), shown)


def _addresses(names: dict[str, str], peer: str) -> set[str]:
    """The party addresses that are meant; none = all series."""
    found = {address for address, name in names.items() if peer and peer.casefold() in (address, name.casefold())}
    if peer and not found:
        known = ", ".join(sorted(names.values())) or "nobody yet"
        raise BadInput("peer", f"{peer!r} is no member that is measured; those are {known}")
    return found


def _peer(reading: Reading) -> str:
    labels = BY_NAME[reading.name].labels
    return reading.labels[labels.index(PEER_LABEL)] if PEER_LABEL in labels else ""


def _series(reading: Reading, now: float, keeper: MetricsKeeper, asked: Asked, most: int) -> SeriesShown:
    name, labels, value = reading
    metric = BY_NAME[name]
    window, history = None, []
    if name in KEPT_NAMES:
        window = _window(reading, now, keeper, asked.window)
        if asked.history:
            history = [_span(each) for each in keeper.book.history(name, labels, asked.history)][-most:]
    named = dict(zip(metric.labels, labels, strict=True))
    return SeriesShown(name, metric.kind, metric.unit, named, value, window, history)


def _window(reading: Reading, now: float, keeper: MetricsKeeper, seconds: float) -> PointShown | None:
    """Of the samples from so many seconds ago on."""
    samples = keeper.book.window(reading.name, reading.labels, now - seconds, now)
    return _point(AggregatedMetric.of(samples[0][0], [value for _, value in samples])) if samples else None


def _point(each: AggregatedMetric) -> PointShown:
    return PointShown(round(each.timestamp, 3), each.count, each.min, each.max, each.avg, each.p95, each.p99)


def _span(each: Span) -> PointShown:
    return PointShown(each.timestamp, each.count, each.min, each.max, each.avg)
