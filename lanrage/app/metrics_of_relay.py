"""What a relay tells of itself, as readings."""

from __future__ import annotations

from collections.abc import Iterator

from lanrage.app.relay import RelayService
from lanrage.core.metric_reading import Reading
from lanrage.core.relay_report import ReportMeter

NAMED = {
    "bindings": "lanrage_relay_bindings",
    "kernel_lines": "lanrage_relay_kernel_lines",
    "bound": "lanrage_relay_bound_total",
    "measured": "lanrage_relay_measured_total",
    "packets": "lanrage_relay_forwarded_packets_total",
    "bytes": "lanrage_relay_forwarded_bytes_total",
}
"""Metrics of the relay's counters."""
REASON = "dropped_"
"""How the counters of refusals begin."""


class RelayReadings:
    """Of one relay; it has a meter of its own, since reading one begins its span anew."""

    def __init__(self) -> None:
        self._of: RelayService | None = None
        self._meter = ReportMeter()

    def read(self, relay: RelayService | None, now: float) -> Iterator[Reading]:
        """Look.

        :param now: seconds of a clock that only moves forward.
        """
        counted = relay.counters() if relay is not None else {}
        if relay is None or not counted:
            return
        if relay is not self._of:
            self._of, self._meter = relay, ReportMeter()
        self._meter.full = relay.plan.full
        dropped = {name: value for name, value in counted.items() if name.startswith(REASON)}
        self._meter.count((counted["packets"], counted["bytes"], sum(dropped.values())), now)
        limit = relay.limits.bindings
        yield Reading("lanrage_relay_bindings_limit", (), float(limit))
        yield Reading("lanrage_relay_load_ratio", (), self._meter.load(counted["bindings"], limit))
        yield Reading("lanrage_relay_draining", (), float(relay.draining))
        yield Reading("lanrage_relay_in_kernel", (), float(relay.in_kernel))
        for name, value in counted.items():
            if name in NAMED:
                yield Reading(NAMED[name], (), float(value))
        for name, value in dropped.items():
            yield Reading("lanrage_relay_dropped_packets_total", (name.removeprefix(REASON),), float(value))
