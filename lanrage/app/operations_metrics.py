"""Operations that show metrics and alerts, for the table in :mod:`lanrage.app.operations`."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated, Any

from msgspec import Meta
from zope.interface import Interface

from lanrage.app.metrics_results import AlertsShown, MetricsShown
from lanrage.app.operation import Nothing, Operation, Request

WINDOW, WINDOW_LIMIT = 60.0, 86_400.0
"""Seconds that a window has unless said otherwise, and at most."""

MetricText = Annotated[
    str,
    Meta(
        max_length=80,
        pattern=r"^[a-z0-9_]*\*?$",
        description="a metric's name, with or without the prefix, or its beginning and a star; empty for all",
    ),
]
PeerText = Annotated[
    str, Meta(max_length=64, description="a member's name or party address: its series alone; empty for all")
]
Window = Annotated[
    float, Meta(gt=0, le=WINDOW_LIMIT, description=f"the last seconds to sum up, at most {WINDOW_LIMIT:g}")
]
HistoryText = Annotated[
    str,
    Meta(pattern=r"^(|minute|hour|day)$", description="minute, hour or day: with the history in such steps; or empty"),
]


class ShowMetrics(Request, frozen=True):
    """Arguments of ``metrics.show``."""

    name: MetricText = ""
    peer: PeerText = ""
    window: Window = WINDOW
    history: HistoryText = ""


class IMetricsNode(Interface):
    """What a node shows of its metrics; see :class:`lanrage.app.operations.INode`."""

    # Interface methods have no self and no body.
    # pylint: disable=no-self-argument,no-method-argument

    def show_metrics(*, name: str, peer: str, window: float, history: str) -> Awaitable[dict[str, Any]]:
        """Metrics of now, with a window and a history of those that have one; the result is a
        :class:`MetricsShown`."""

    def show_alerts() -> Awaitable[dict[str, Any]]:
        """What fires, and what did; the result is an :class:`AlertsShown`."""


METRICS = (
    Operation(
        "metrics.show",
        ShowMetrics,
        MetricsShown,
        "show_metrics",
        "Show what is measured: paths, LAN frames, this process; of now, of a window, or by minute, hour, day.",
        "lanrage metrics 'peer_*' --peer Ben --window 300",
        reads=True,
    ),
    Operation(
        "alerts",
        Nothing,
        AlertsShown,
        "show_alerts",
        "Show the alerts that fire now, and the latest that did.",
        "lanrage alerts",
        reads=True,
    ),
)
"""``lanrage metrics`` and ``lanrage alerts`` (``docs/cli.rst``)."""
