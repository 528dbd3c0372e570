"""What a party's session needs of the control link and of what is known of the party."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import attrs
from twisted.internet.defer import Deferred

from lanrage.app.endpoint_book import EndpointBook
from lanrage.app.game_session import PlaySide
from lanrage.app.guest_session import GuestSource
from lanrage.app.party_channel import PartyLedger
from lanrage.app.relay_tcp import Door
from lanrage.core.relay_choice import Weights


class SessionLedger(PartyLedger, GuestSource, Protocol):
    """The party's ledger, for the channel and for guests."""


@attrs.frozen
class Surroundings:
    """What a session needs of the control link.

    :param send_signal: ``(identity, payload)``, best effort; fires with whether the control server took it.
    :param fetch_ticket: a relay ticket for this node and the member of that identity.
    :param random: ``os.urandom``, or a test's own.
    :param book: what an earlier session knew of the members, and what this one keeps.
    :param ledger: the party's, whose heads are told inside the tunnel.
    :param door: where the control link stands now.
    :param region: of relays that this node prefers.
    :param weights: of its choice among relays.
    :param games: what running games want of the session; ``None``: nothing.
    :param host: identity of the party's host now; ``None`` while its ledger is not known.
    """

    send_signal: Callable[[bytes, bytes], Deferred[bool]]
    fetch_ticket: Callable[[bytes], Deferred[bytes]]
    random: Callable[[int], bytes]
    book: EndpointBook
    ledger: SessionLedger | None = None
    door: Callable[[], Door | None] = lambda: None
    region: str = ""
    weights: Weights = Weights()
    host: Callable[[], bytes | None] = lambda: None
    games: PlaySide | None = None

    def connected(self) -> bool:
        """Whether the control link stands."""
        return self.door() is not None
