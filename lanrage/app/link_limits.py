"""How much of one peer is listened to, so that nobody keeps a friend's machine busy or fills its disk."""

from __future__ import annotations

import attrs

from lanrage.core.probe import ProbeKind
from lanrage.core.rate import TokenBucket

HEARD_RATE, HEARD_BURST = 3.0, 10.0
"""Offers a second, and at once, that the peer is heard with. An honest one sends at most 2.5 a second; each may cost a
new start of WireGuard's peer and a round of probes to 20 addresses."""
PROBES_RATE, PROBES_BURST = 200.0, 600.0
"""Probes a second, and at once, that are heard: 28 paths open with 280 pings and pongs in a second."""
DECISIONS_RATE, DECISIONS_BURST = 12.0, 30.0
"""Likewise of decisions, which cost a write to WireGuard: an honest end repeats one each 100 ms."""
SPOKEN_RATE, SPOKEN_BURST = 0.2, 20.0
"""Lines of the log that one peer may cause, so that nobody fills a friend's disk."""


@attrs.define
class LinkLimits:
    """The token buckets of one link; `now` is seconds of any clock."""

    _signals: TokenBucket = attrs.field(factory=lambda: TokenBucket(HEARD_RATE, HEARD_BURST))
    _probes: TokenBucket = attrs.field(factory=lambda: TokenBucket(PROBES_RATE, PROBES_BURST))
    _decisions: TokenBucket = attrs.field(factory=lambda: TokenBucket(DECISIONS_RATE, DECISIONS_BURST))
    _spoken: TokenBucket = attrs.field(factory=lambda: TokenBucket(SPOKEN_RATE, SPOKEN_BURST))

    def hears_signal(self, now: float) -> bool:
        """Whether one more signal of the peer is listened to."""
        return self._signals.take(now)

    def hears_probe(self, kind: ProbeKind, now: float) -> bool:
        """Whether one more probe of the peer is listened to."""
        if kind in (ProbeKind.DECIDE, ProbeKind.DECIDED) and not self._decisions.take(now):
            return False
        return self._probes.take(now)

    def speaks(self, now: float) -> bool:
        """Whether what the peer just did may be told in the log."""
        return self._spoken.take(now)
