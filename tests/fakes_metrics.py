"""The part of a fake node that shows metrics and alerts."""

from __future__ import annotations

from typing import Any

import msgspec

from lanrage.app.metrics_results import AlertEdgeShown, AlertsShown, MetricsShown, PointShown, SeriesShown
from tests.fakes_threads import ThreadClock

MEASURED_AT = 1790000000.0


def shown_metrics(window: float, history: str) -> MetricsShown:
    """Ben's path, with a counter that counted, one that did not, and this process."""
    point = PointShown(MEASURED_AT - 60.0, 60, 0.0195, 0.25, 0.0305, 0.125, 0.2)
    grown = PointShown(MEASURED_AT - 60.0, 60, 1048576.0, 3145728.0, 2097152.0, 3145728.0, 3145728.0)
    ben = {"peer": "10.66.0.2"}
    counter = ("lanrage_peer_received_bytes_total", "counter", "bytes", ben, 3145728.0, grown)
    series = [
        SeriesShown("lanrage_peer_rtt_seconds", "gauge", "seconds", ben, 0.0205, point, [point] if history else []),
        SeriesShown(*counter),
        SeriesShown("lanrage_lan_dropped_frames_total", "counter", "frames", {"reason": "arp"}, 0.0),
        SeriesShown("lanrage_process_open_fds", "gauge", "", {}, 21.0),
    ]
    return MetricsShown(MEASURED_AT, window, {"10.66.0.2": "Ben"}, series)


def shown_alerts() -> AlertsShown:
    """Ben's path was bad, and is so again."""
    own = {"peer": "10.66.0.2"}
    text = "the path to Ben (10.66.0.2) has a quality of 42 of 100, below 60"
    fired = AlertEdgeShown(MEASURED_AT, "peer_quality", "fired", own, 42.0, 60.0, MEASURED_AT, text)
    ended = AlertEdgeShown(MEASURED_AT + 9, "peer_quality", "resolved", own, 80.0, 60.0, MEASURED_AT, "it is over")
    return AlertsShown([fired], [fired, ended, fired])


class FakeMetrics:
    """Shows the same metrics again and again.

    :ivar asked: the arguments of each call.
    """

    asked: list[dict[str, Any]] | None = None

    async def show_metrics(self, *, name: str, peer: str, window: float, history: str) -> dict[str, Any]:
        """See :class:`INode`."""
        asked = {"name": name, "peer": peer, "window": window, "history": history}
        self.asked = [*(self.asked or []), asked]
        plain: dict[str, Any] = msgspec.to_builtins(shown_metrics(window, history))
        return plain

    async def show_alerts(self) -> dict[str, Any]:
        """See :class:`INode`."""
        plain: dict[str, Any] = msgspec.to_builtins(shown_alerts())
        return plain


class MetricClock(ThreadClock):
    """A clock that is the pool of a :class:`lanrage.store.metric_store.MetricStore`, too."""

    def start(self) -> None:
        """It always runs."""

    def stop(self) -> None:
        """Likewise."""
