"""One pair's relays: its ticket, a seat at each chosen relay, and what its path plan is told of them.

A pair that moves to another relay keeps the one before until the new one is usable, so that no packet is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from lanrage.app.peer_link import PeerLink
from lanrage.app.relay_places import Place
from lanrage.app.relay_seat import RelaySeat
from lanrage.core.identity import NodeKeys
from lanrage.core.links import Endpoint
from lanrage.core.relay_choice import Chooser, Judged
from lanrage.core.tickets import Pair, pair_of
from lanrage.errors import LanrageError
from lanrage.log_context import context

TICKET_RENEWAL = 1200.0
"""Seconds after which the next ticket is fetched: a third of its life, so two more tries come before it ends."""
TICKET_RETRY = 5.0
"""Seconds until a ticket that could not be had, or was refused, is asked for again."""
LINGER = 10.0
"""Seconds for which a relay that was chosen before is kept while the new ones are not usable yet."""


@attrs.frozen
class Surroundings:
    """What all pairs of a party share.

    :param send: from WireGuard's port.
    :param way: tells a pair's plan that a relay's port became usable, or ceased to be.
    :param failed: told of a relay that does not hold what it should.
    :param by_port: the seat of each of our ports.
    """

    reactor: Any
    keys: NodeKeys
    send: Callable[[bytes, Endpoint], None]
    fetch_ticket: Callable[[bytes], Deferred[bytes]]
    way: Callable[[PeerLink, Endpoint, bool], None]
    failed: Callable[[str], None]
    by_port: dict[Endpoint, RelaySeat]


class RelayPair:
    """One member's relays.

    :ivar link: the member's.
    :ivar chooser: this end's choice.
    :ivar judged: the order that it follows from.
    :ivar seats: by relay; those chosen, and those that are kept for a while.
    :ivar ticket: the one in use; empty = none.
    """

    log = Logger()

    def __init__(self, link: PeerLink, around: Surroundings, chooser: Chooser) -> None:
        self.link = link
        self.chooser = chooser
        self.judged: list[Judged] = []
        self.seats: dict[str, RelaySeat] = {}
        self._around = around
        self._wanted: dict[str, Place] = {}
        self._shown: set[Endpoint] = set()
        self._bound: set[str] = set()
        self.ticket = b""
        self._fetching: Deferred[None] | None = None
        self._renewal: IDelayedCall | None = None
        self._lingering: IDelayedCall | None = None
        self._stopped = False

    @property
    def pair(self) -> Pair:
        """Both WireGuard keys."""
        return pair_of(self._around.keys.wireguard.public, self.link.peer_key)

    @property
    def wanted(self) -> tuple[str, ...]:
        """The chosen relays."""
        return tuple(self._wanted)

    # --- inputs -------------------------------------------------------------------------------------------------------

    def sit(self, places: Sequence[Place]) -> None:
        """Use these relays from now on."""
        self._wanted = {place.relay_id: place for place in places}
        for place in places:
            seat = self.seats.get(place.relay_id)
            if seat is not None and not place.covers(seat.port):
                self._leave(place.relay_id)
            if place.relay_id not in self.seats:
                self._open(place)
        if not self.seats:
            self._forget_ticket()
        if not places:
            for relay_id in list(self.seats):
                self._leave(relay_id)
        self._clear_out()

    def moved(self) -> None:
        """This machine's addresses changed."""
        for seat in list(self.seats.values()):
            seat.moved()

    def look(self, now: float) -> None:
        """Seats at which nothing answers count against their relay."""
        for seat in self.seats.values():
            if seat.silent(now):
                self._around.failed(seat.relay_id)

    def stop(self, *, known: bool) -> None:
        """Give all ports back.

        :param known: the member's link is still in use, and its plan is told.
        """
        self._stopped = True
        for relay_id in list(self.seats):
            self._leave(relay_id, tell=known)
        self._forget_ticket()
        if self._lingering is not None and self._lingering.active():
            self._lingering.cancel()

    # --- tickets ------------------------------------------------------------------------------------------------------

    def _fetch(self) -> None:
        self._renewal = None
        with context(correlation_id=self.link.operation):
            fetching = self._around.fetch_ticket(self.link.identity)
        self._fetching = fetching.addCallback(self._got)
        fetching.addErrback(self._no_ticket)

    def _got(self, ticket: bytes) -> None:
        self._fetching = None
        if self._stopped:
            return
        self.ticket = ticket
        self._fetch_later(TICKET_RENEWAL)
        for seat in list(self.seats.values()):
            seat.give(ticket, self.link.operation)

    def _no_ticket(self, failure: Any) -> None:
        self._fetching = None
        if self._stopped or not self.seats:
            return
        if failure.check(LanrageError):
            self.log.warn(
                "no relay ticket for {peer}: {why}",
                peer=self.link.name,
                peer_id=self.link.peer_id,
                why=failure.getErrorMessage(),
            )
        else:
            self.log.failure("no relay ticket for {peer}", failure, peer=self.link.name, peer_id=self.link.peer_id)
        self._fetch_later(TICKET_RETRY)

    def _fetch_later(self, delay: float) -> None:
        if self._renewal is not None and self._renewal.active():
            self._renewal.cancel()
        self._renewal = self._around.reactor.callLater(delay, self._fetch)

    def _forget_ticket(self) -> None:
        self.ticket = b""
        if self._renewal is not None and self._renewal.active():
            self._renewal.cancel()
        fetching, self._fetching, self._renewal = self._fetching, None, None
        if fetching is not None:
            fetching.cancel()

    # --- seats --------------------------------------------------------------------------------------------------------

    def _open(self, place: Place) -> None:
        around = self._around
        port = place.free_port(around.by_port)
        if port is None:
            self.log.warn(
                "the relay {relay} has no port left for {peer}",
                relay=place.address,
                peer=self.link.name,
                peer_id=self.link.peer_id,
            )
            return
        seat = RelaySeat(
            around.reactor, around.send, place.relay_id, port, self.pair, around.keys.identity.sign, self._changed
        )
        self.seats[place.relay_id] = around.by_port[port] = seat
        if self.ticket:
            seat.give(self.ticket, self.link.operation)
        elif self._fetching is None and self._renewal is None:
            self._fetch()

    def _leave(self, relay_id: str, *, tell: bool = True) -> None:
        seat = self.seats.pop(relay_id)
        self._around.by_port.pop(seat.port, None)
        self._bound.discard(relay_id)
        seat.stop()
        if seat.port in self._shown:
            self._shown.discard(seat.port)
            if tell:
                self._around.way(self.link, seat.port, False)

    def _changed(self, seat: RelaySeat) -> None:
        if self.seats.get(seat.relay_id) is not seat:
            return
        if seat.bound:
            self._bound.add(seat.relay_id)
        elif seat.relay_id in self._bound:
            self._bound.discard(seat.relay_id)
            self._around.failed(seat.relay_id)
        if seat.failed:
            self._refused(seat)
        self._clear_out()
        self._show()

    def _refused(self, seat: RelaySeat) -> None:
        self.log.warn(
            "the relay refuses {peer}: {why}", peer=self.link.name, peer_id=self.link.peer_id, why=seat.failed
        )
        self._around.failed(seat.relay_id)
        self._fetch_later(TICKET_RETRY)

    def _clear_out(self) -> None:
        """Leave what is not wanted any more, once something that is wanted works."""
        old = [relay_id for relay_id in self.seats if relay_id not in self._wanted]
        if not old:
            return
        if any(self.seats[relay_id].usable for relay_id in self._wanted if relay_id in self.seats):
            for relay_id in old:
                self._leave(relay_id)
        elif self._lingering is None or not self._lingering.active():
            self._lingering = self._around.reactor.callLater(LINGER, self._linger_over)

    def _linger_over(self) -> None:
        for relay_id in [relay_id for relay_id in self.seats if relay_id not in self._wanted]:
            self._leave(relay_id)

    def _show(self) -> None:
        """Tell the plan: relays that both ends shun are hidden while there is another.

        The other end's packets may make such a path known again, so it is hidden again at each step.
        """
        usable = [seat for seat in self.seats.values() if seat.usable]
        good = [seat for seat in usable if not self._shunned(seat)] or usable
        for seat in list(self.seats.values()):
            shown = seat.port in self._shown
            if seat in good and not shown:
                self._shown.add(seat.port)
                self._around.way(self.link, seat.port, True)
        for seat in list(self.seats.values()):
            shown = seat.port in self._shown
            if seat not in good and (shown or seat.usable):
                self._shown.discard(seat.port)
                self._around.way(self.link, seat.port, False)

    def _shunned(self, seat: RelaySeat) -> bool:
        place = self._wanted.get(seat.relay_id)
        return seat.draining or place is None or place.relay.shunned
