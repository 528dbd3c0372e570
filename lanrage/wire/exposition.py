"""Readings as the text that Prometheus scrapes (https://prometheus.io/docs/instrumenting/exposition_formats/).

The client library writes it, with its own rules of escaping. It is given a registry of ours that holds one collector:
the library's global one is not used, since it counts what is not ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from lanrage.core.metric_names import BY_NAME
from lanrage.core.metric_reading import Reading

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""Of the text."""
TOTAL = "_total"


class _Readings(Collector):
    """Gives the library its families."""

    def __init__(self, readings: Iterable[Reading]) -> None:
        self._readings = readings

    def collect(self) -> Iterator[Metric]:
        """One family for each name; two readings of one series would make Prometheus refuse the whole text, so that
        the later one counts alone."""
        families: dict[str, dict[tuple[str, ...], float]] = {}
        for name, labels, value in self._readings:
            families.setdefault(name, {})[labels] = value
        for name, series in families.items():
            metric = BY_NAME[name]
            kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
            family = kind(name.removesuffix(TOTAL), metric.help, labels=metric.labels)
            for labels, value in series.items():
                family.add_metric(labels, value)
            yield family


def render(readings: Iterable[Reading]) -> bytes:
    """The text.

    :raises KeyError: for a name that is in no table.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Readings(readings))
    return generate_latest(registry)
