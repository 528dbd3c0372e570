"""A decision for a path, which waits for the other end's word, and the handshake's time (:mod:`.path_plan`)."""

from __future__ import annotations

import attrs

from lanrage.core.links import Endpoint

DECIDE_INTERVAL, DECIDE_TRIES = 0.1, 10
"""A decision is repeated each 100 ms until the other end agrees; after a second the path is given up."""

HANDSHAKE_PATIENCE, HANDSHAKE_TRIPS = 0.4, 3.0
"""Seconds, and round trips, after which a handshake that did not come is started anew: WireGuard itself waits five
seconds. Doubled each time."""
HANDSHAKE_BACKOFF = 30.0
"""Seconds between such new starts at most."""


@attrs.define
class Pending:
    """One decision.

    :param number: higher than those before.
    :param reason: for logs.
    :param next_at: when it is sent next.
    """

    number: int
    endpoint: Endpoint
    reason: str
    next_at: float
    tries: int = 0

    @property
    def vain(self) -> bool:
        """It was sent often enough."""
        return self.tries >= DECIDE_TRIES

    def sent(self, now: float) -> None:
        """It goes out now."""
        self.tries += 1
        self.next_at = now + DECIDE_INTERVAL


def patience(trip: float, restarts: int) -> float:
    """Seconds that a handshake may take.

    :param trip: round trip of its path in seconds.
    :param restarts: how often it was started anew.
    """
    wait: float = (HANDSHAKE_PATIENCE + HANDSHAKE_TRIPS * trip) * 2**restarts
    return min(HANDSHAKE_BACKOFF, wait)
