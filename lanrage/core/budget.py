"""How many probes may go to one address, over all peers: a peer's candidates must not turn a party into a weapon."""

from __future__ import annotations

import attrs

from lanrage.core.links import Endpoint

RATE = 40.0
"""Probes a second to one address. A relay carries the probes of up to 63 pairs, each on a port of its own."""
BURST = 80.0
"""Probes at once to one address: opening pings and answers of a few peers behind one NAT."""
TARGET_LIMIT = 4096
"""Addresses remembered; beyond it the longest idle ones are forgotten."""


@attrs.define
class ProbeBudget:
    """A token bucket for each target host and port."""

    _buckets: dict[Endpoint, tuple[float, float]] = attrs.field(factory=dict)

    def allow(self, target: Endpoint, now: float) -> bool:
        """Take one token; false when the target has had enough for now."""
        tokens, at = self._buckets.pop(target, (BURST, now))
        tokens = min(BURST, tokens + (now - at) * RATE)
        allowed = tokens >= 1.0
        self._buckets[target] = (tokens - 1.0 if allowed else tokens, now)
        if len(self._buckets) > TARGET_LIMIT:
            del self._buckets[next(iter(self._buckets))]
        return allowed
