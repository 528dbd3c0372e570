"""Which of the peer's verified probes are no copies: whoever recorded one can send it again from anywhere."""

from __future__ import annotations

from collections import deque

import attrs

from lanrage.core.links import Endpoint
from lanrage.core.probe import Probe
from lanrage.core.rate import TokenBucket

FORMER_LIMIT = 32
"""Sessions of the peer's former lives that are remembered: an offer of one is late, or a copy."""
PROBES_KEPT = 256
"""Probes of the peer whose source is remembered: those of ten seconds of a game."""
ASKS_RATE, ASKS_BURST = 1.0, 5.0
"""Probes of another life a second, and at once, that are answered by an offer: one that is heard is enough for two ends
to know each other again, and of recorded ones there may be many."""


@attrs.define
class Hearing:
    """What was heard of one peer; bounded."""

    _former: deque[bytes] = attrs.field(factory=lambda: deque(maxlen=FORMER_LIMIT))
    _sources: dict[bytes, Endpoint] = attrs.field(factory=dict)
    _asks: TokenBucket = attrs.field(factory=lambda: TokenBucket(ASKS_RATE, ASKS_BURST))

    def left(self, session: bytes) -> None:
        """The peer began anew, and has this session no more."""
        self._former.append(session)

    def is_former(self, session: bytes) -> bool:
        """Whether the session is one that the peer has left."""
        return session in self._former

    def is_new(self, transaction: bytes, source: Endpoint) -> bool:
        """Whether a probe is no copy of another address's: it counts where it came from first."""
        first = self._sources.setdefault(transaction, source)
        if len(self._sources) > PROBES_KEPT:
            del self._sources[next(iter(self._sources))]
        return first == source

    def asks(self, probe: Probe, source: Endpoint, now: float) -> bool:
        """Whether a probe of another life is to be answered by an offer, and its source to be remembered."""
        if self.is_former(probe.session) or not self.is_new(probe.transaction, source):
            return False
        return self._asks.take(now)
