"""Making WireGuard send to the agreed path: the one handshake, the endpoint that roams, and keys that stall.

WireGuard follows the last packet it heard ("roaming"), so a packet still under way on the old path undoes a written
endpoint: it is read back and written again while it differs.
"""

from __future__ import annotations

import attrs

from lanrage.core.links import Endpoint
from lanrage.core.path import Path
from lanrage.core.path_actions import Action, WriteEndpoint
from lanrage.core.path_decision import patience
from lanrage.core.rate import TokenBucket

CORRECTIONS, CORRECTION_RATE = 6.0, 1 / 60
"""How often one decision is written again at once, and a second, when WireGuard followed an old packet."""


@attrs.define
class EndpointKeeper:
    """Of one peer.

    :ivar handshaken: a handshake was completed.
    :ivar corrected: how often an endpoint was written again.
    :ivar restarts: how often a handshake that did not come was started anew.
    """

    handshaken: bool = False
    corrected: int = 0
    restarts: int = 0
    _written_at: float | None = None
    _tries: int = 0
    _settled: bool = False
    _corrections: TokenBucket = attrs.field(factory=lambda: TokenBucket(CORRECTION_RATE, CORRECTIONS))

    def start_over(self) -> None:
        """WireGuard knows nothing of the peer any more."""
        self.handshaken, self._settled = False, False
        self._written_at, self._tries = None, 0
        self.decided()

    def decided(self) -> None:
        """A path is newly agreed: its endpoint may be corrected anew."""
        self._corrections = TokenBucket(CORRECTION_RATE, CORRECTIONS)

    def write(self, endpoint: Endpoint, now: float) -> WriteEndpoint:
        """Set the endpoint; before the first handshake, begin it, with whatever WireGuard began before forgotten."""
        self._written_at = now
        return WriteEndpoint(endpoint, fresh=not self.handshaken)

    def look(
        self, agreed: Endpoint, seen: Endpoint | None, path: Path | None, now: float, *, begins: bool
    ) -> list[Action]:
        """WireGuard's state was read.

        :param seen: where WireGuard sends to.
        :param path: the agreed one, where it is still known.
        :param begins: this end is the initiator.
        """
        if not self.handshaken:
            return self._handshake_again(agreed, path, now) if begins else []
        if path is not None and path.alarming:
            return []  # it may be dead, and WireGuard may know better
        return self._correct(agreed, seen, now)

    def shaking(self, path: Path | None, now: float) -> bool:
        """A handshake is under way and left alone; WireGuard's far end takes but one each 20 ms, too.

        :param path: the agreed one, where it is still known.
        """
        if self.handshaken or self._written_at is None:
            return False
        trip = path.rtt or 0.0 if path is not None else 0.0
        return now < self._written_at + patience(trip, self._tries)

    def _handshake_again(self, agreed: Endpoint, path: Path | None, now: float) -> list[Action]:
        """The decider's handshake did not come: start it anew, after longer waits each time."""
        if self._written_at is None or self.shaking(path, now):
            return []
        self._tries += 1
        self.restarts += 1
        return [self.write(agreed, now)]

    def _correct(self, agreed: Endpoint, seen: Endpoint | None, now: float) -> list[Action]:
        """Make WireGuard's endpoint the agreed one."""
        self._written_at, self._tries = None, 0
        if self._settled and (seen == agreed or not self._corrections.take(now)):
            return []
        self.corrected += self._settled
        self._settled = True
        return [WriteEndpoint(agreed)]
