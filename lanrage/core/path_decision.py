"""Decisions for a path, which wait for the other end's word, and the handshake's time (:mod:`.path_plan`)."""

from __future__ import annotations

import attrs

from lanrage.core.links import Endpoint
from lanrage.core.path import Path

DECIDE_INTERVAL, DECIDE_TRIES = 0.1, 10
"""A decision is repeated each 100 ms until the other end agrees; after a second the path is given up."""
DOUBT_GAPS = (0.0, 1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds from a decision given up to the next for the path that is kept, longer each time; the last one goes on, since
the other end may be on another path for as long as it has not agreed to one."""

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

    def unsent(self) -> None:
        """It did not go out after all, so nobody can have failed to answer."""
        self.tries = max(0, self.tries - 1)


@attrs.define
class Agreement:
    """What the ends agreed on, by number.

    :ivar number: of the latest decision, of ours where this end decides.
    :ivar pending: ours, while it is not agreed to.
    """

    number: int = 0
    pending: Pending | None = None
    _given_up: int = 0
    _doubt_at: float = float("inf")

    def decide(self, path: Path, reason: str, now: float) -> None:
        """Ours, with the next number."""
        self.number += 1
        self.pending = Pending(self.number, path.endpoint, reason, now)

    def agreed(self, number: int) -> Pending | None:
        """The other end's word; ours that it is about, if any. After that there is no doubt where it is."""
        pending = self.pending
        if pending is None or pending.number != number:
            return None
        self.pending, self._given_up, self._doubt_at = None, 0, float("inf")
        return pending

    def give_up(self, now: float) -> None:
        """No word came, though the other end may have heard us and moved."""
        self.pending = None
        self._doubt_at = now + DOUBT_GAPS[min(self._given_up, len(DOUBT_GAPS) - 1)]
        self._given_up += 1

    @property
    def doubted(self) -> bool:
        """The other end may be on another path than this one."""
        return self._doubt_at < float("inf")

    def doubtful(self, now: float) -> bool:
        """Whether it is time to decide anew for the path that is kept."""
        return self.pending is None and self._doubt_at <= now

    def deadline(self, *, open_path: bool) -> float:
        """When there is something to do next, or infinity.

        :param open_path: the path that is kept is open, so that it may be decided for.
        """
        if self.pending is not None:
            return self.pending.next_at
        return self._doubt_at if open_path else float("inf")

    def start_over(self, number: int) -> None:
        """The other end, or this one, began anew."""
        self.number, self.pending, self._given_up, self._doubt_at = number, None, 0, float("inf")


def patience(trip: float, restarts: int) -> float:
    """Seconds that a handshake may take.

    :param trip: round trip of its path in seconds.
    :param restarts: how often it was started anew.
    """
    wait: float = (HANDSHAKE_PATIENCE + HANDSHAKE_TRIPS * trip) * 2**restarts
    return min(HANDSHAKE_BACKOFF, wait)
