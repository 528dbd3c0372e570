"""One way to a peer: when to ping it, whether it is open, how far it is."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from lanrage.core.candidates import RANK, Candidate
from lanrage.core.links import Endpoint

OPENING_GAPS = (0.0, 0.05, 0.1, 0.2, 0.4)
"""Seconds between the first pings. Five unanswered at most, since an address that a peer names may be a victim's."""
COLD_INTERVAL = 30.0
"""Seconds between attempts on a path that did not open: a NAT's mapping outlives this, so the ends need not meet."""
HEALING_INTERVAL = 3.0
"""Seconds between attempts on a path that was open once: who answered is no victim, and a game should not wait."""
ACTIVE_INTERVAL = 1.0
"""Seconds between pings on the path in use: a dead one is noticed within about 2.5 s."""
STANDBY_INTERVAL = 10.0
"""Seconds between pings on a proven path beside it: keeps NAT mappings (30 s and more) open."""
DOUBT_INTERVAL = 0.25
"""Seconds between pings once one went unanswered."""
DEAD_AFTER = 4
"""Unanswered pings in a row that end a path: at 10 % random loss a needless end once in 10,000 pings."""
TIMEOUT_MIN, TIMEOUT_MAX = 0.3, 1.0
"""Bounds in seconds of the wait for a pong, else twice the round trip and 0.1 s."""
SMOOTHING = 0.3
"""Weight of the newest sample of the round-trip time (0.3 x now + 0.7 x before)."""


@attrs.define
class Path:
    """State of one candidate address.

    :param candidate: where it leads.
    :param rtt: smoothed round-trip time in seconds, ``None`` until proven.
    :param missed: unanswered pings in a row.
    :param opening: how many of the opening pings were sent.
    :param observed: from where the peer sees our pings on this path.
    """

    candidate: Candidate
    next_ping: float
    rtt: float | None = None
    last_pong: float | None = None
    missed: int = 0
    opening: int = 0
    observed: Endpoint | None = None
    outstanding: dict[bytes, float] = attrs.field(factory=dict)

    @property
    def endpoint(self) -> Endpoint:
        """Where the path's packets are sent."""
        return self.candidate.endpoint

    @property
    def relayed(self) -> bool:
        """Whether a relay stands between."""
        return self.candidate.kind.relayed

    @property
    def proven(self) -> bool:
        """A pong came and the path has not died since."""
        return self.last_pong is not None and self.missed < DEAD_AFTER

    @property
    def order(self) -> tuple[int, float]:
        """Kind first, quality second; lower is better."""
        return RANK[self.candidate.kind], self.rtt if self.rtt is not None else 1e9

    @property
    def timeout(self) -> float:
        """Seconds to wait for a pong."""
        return TIMEOUT_MAX if self.rtt is None else min(TIMEOUT_MAX, max(TIMEOUT_MIN, 2 * self.rtt + 0.1))

    def open_again(self, now: float) -> None:
        """Ping from the start, as if the path had just been learnt; a proven path is left alone."""
        if not self.proven:
            self.opening, self.missed, self.last_pong = 0, 0, None
            self.next_ping = now

    def sent(self, transaction: bytes, now: float, *, active: bool) -> None:
        """A ping went out; sets the time of the next."""
        self.outstanding[transaction] = now
        self.next_ping = now + self._gap(active)

    def _gap(self, active: bool) -> float:
        if self.proven:
            if self.missed:
                return DOUBT_INTERVAL
            return ACTIVE_INTERVAL if active else STANDBY_INTERVAL
        self.opening += 1
        if self.opening < len(OPENING_GAPS):
            return OPENING_GAPS[self.opening]
        return COLD_INTERVAL if self.rtt is None else HEALING_INTERVAL

    def pong(self, transaction: bytes, now: float) -> bool:
        """A pong came; false when it answers none of our pings."""
        sent_at = self.outstanding.pop(transaction, None)
        if sent_at is None:
            return False
        sample = max(0.0, now - sent_at)
        self.rtt = sample if self.rtt is None or not self.proven else SMOOTHING * sample + (1 - SMOOTHING) * self.rtt
        newly = not self.proven
        self.last_pong, self.missed = now, 0
        # Pings sent before this one and still open were overtaken or lost; only later ones can still count as missed.
        self.outstanding = {t: at for t, at in self.outstanding.items() if at > sent_at}
        if newly:
            self.next_ping = now + ACTIVE_INTERVAL
        return True

    def seen_elsewhere(self, observed: Endpoint | None) -> bool:
        """A pong told from where our ping came; true when that is not where it came from before."""
        before, self.observed = self.observed, observed
        return None not in (before, observed) and before != observed

    def expire(self, now: float) -> bool:
        """Count pings whose pong is overdue; true when the path died just now."""
        overdue = [t for t, at in self.outstanding.items() if at + self.timeout <= now]
        if not overdue:
            return False
        before = self.proven
        for transaction in overdue:
            del self.outstanding[transaction]
        self.missed += len(overdue)
        if before and self.missed:
            self.next_ping = min(self.next_ping, now)
        if before and not self.proven:
            self.last_pong, self.opening = None, 0
            self.next_ping = now
            return True
        return False

    def deadline(self) -> float:
        """When :meth:`expire` or a ping is due next."""
        return min([self.next_ping, *(at + self.timeout for at in self.outstanding.values())])


def ask_all(paths: Iterable[Path], now: float) -> None:
    """Ping all at once: what was open a while ago may be no more, and what was dead may be open again."""
    for path in paths:
        path.open_again(now)
        path.next_ping = min(path.next_ping, now)
