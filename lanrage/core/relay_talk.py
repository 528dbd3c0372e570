"""What the two ends of a pair tell each other of relays, in their sealed offers."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from lanrage.core.relay_distance import Distance


def _nobody() -> None:
    return None


@attrs.define
class RelayTalk:
    """One pair's words.

    :ivar mine: our distances to relays, by relay: in our next offer.
    :ivar seats: the relays that we chose, where this end decides.
    :ivar theirs: the other end's distances, as it told last.
    :ivar their_seats: what it chose; empty where it does not decide.
    :ivar on_heard: called when the other end said something new.
    """

    mine: dict[str, Distance] = attrs.field(factory=dict)
    seats: tuple[str, ...] = ()
    theirs: dict[str, Distance] = attrs.field(factory=dict)
    their_seats: tuple[str, ...] = ()
    on_heard: Callable[[], None] = _nobody

    def hear(self, theirs: dict[str, Distance], seats: tuple[str, ...]) -> None:
        """The other end's offer came."""
        if (theirs, seats) == (self.theirs, self.their_seats):
            return
        self.theirs, self.their_seats = theirs, seats
        self.on_heard()
