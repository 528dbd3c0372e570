"""Telling one member where we are: not too often, by every way there is, and again while no path reaches it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from lanrage.core.doors import Doors
from lanrage.core.links import Endpoint
from lanrage.core.path_plan import PathPlan

OFFER_INTERVAL = 0.05
"""Seconds between two offers to one peer: probes of an unknown session ask for one each."""
OFFER_BURST, OFFER_SPAN = 5, 2.0
"""So many offers in so many seconds; then the next waits until the span is over."""
AFTER_MOVE = (0.3, 3.0)
"""Seconds after traffic moved to another path at which the peer is told by the tunnel where we are: what moved it may
have changed our addresses, and no server may be there to tell it. The second is for a datagram that got lost."""


class OfferOutlet(Protocol):
    """The ways to a member."""

    def send_signal(self, identity: bytes, payload: bytes) -> None:
        """By the control server, the tunnel, other members: a new offer."""

    def send_around(self, identity: bytes, payload: bytes) -> None:
        """By the tunnel and other members alone."""

    def knock(self, payload: bytes, to: Endpoint) -> None:
        """Straight to an address of the member."""


class Offering:
    """Sends the offers of one link.

    :param make: a new sealed offer with our present addresses.
    """

    def __init__(
        self,
        clock: IReactorTime,
        identity: bytes,
        plan: PathPlan,
        doors: Doors,
        outlet: OfferOutlet,
        make: Callable[[], bytes],
    ) -> None:
        self._clock = clock
        self._identity = identity
        self._plan = plan
        self._doors = doors
        self._outlet = outlet
        self._make = make
        self._sent: deque[float] = deque(maxlen=OFFER_BURST)
        self._timer: IDelayedCall | None = None
        self._repeat: IDelayedCall | None = None
        self._after_move: list[IDelayedCall] = []
        self._stopped = False

    def tell(self) -> None:
        """Send our candidates; the last of a burst is never lost."""
        if self._timer is not None or self._stopped:
            return
        now = self._clock.seconds()
        wait = 0.0
        if self._sent:
            wait = self._sent[-1] + OFFER_INTERVAL - now
        if len(self._sent) == OFFER_BURST:
            wait = max(wait, self._sent[0] + OFFER_SPAN - now)
        if wait > 0:
            self._timer = self._clock.callLater(wait, self._tell)
        else:
            self._tell()

    def moved(self) -> None:
        """Traffic took another path than the one before."""
        self._after_move = [call for call in self._after_move if call.active()]
        if not self._after_move and not self._stopped:
            self._after_move = [self._clock.callLater(delay, self._around) for delay in AFTER_MOVE]

    def stop(self) -> None:
        """Send no more."""
        self._stopped = True
        for call in (self._timer, self._repeat, *self._after_move):
            if call is not None and call.active():
                call.cancel()
        self._timer = self._repeat = None
        self._after_move = []

    def _tell(self) -> None:
        self._timer = None
        self._sent.append(self._clock.seconds())
        payload = self._make()
        self._outlet.send_signal(self._identity, payload)
        self._search(payload)

    def _around(self) -> None:
        self._outlet.send_around(self._identity, self._make())

    def _again(self) -> None:
        self._repeat = None
        if not self._plan.sought:
            self._doors.reached()
            return
        payload = self._make()
        self._outlet.send_around(self._identity, payload)
        self._search(payload)

    def _search(self, payload: bytes) -> None:
        """Knock where the member may be, and go on for as long as it is sought."""
        if not self._plan.sought:
            return
        for endpoint in self._doors.all(self._plan.paths.values()):
            self._outlet.knock(payload, endpoint)
        if self._repeat is None and not self._stopped:
            self._repeat = self._clock.callLater(self._doors.gap(), self._again)
