"""The guests of one session: those of this node are served, those of other members are reached through them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from ipaddress import IPv4Address, IPv4Network
from typing import Protocol

import attrs
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from lanrage.app.guarding import Guarding
from lanrage.app.lan import LanPlane
from lanrage.app.lan_guests import LanGuests
from lanrage.app.links import Links
from lanrage.core.links import TunnelPeer
from lanrage.core.party_guests import Guest, by_server, next_end
from lanrage.errors import LanrageError
from lanrage.interfaces import IMachine, ITunnel

RETRY = 5.0
"""Seconds until a guest that this machine could not serve (a firewall that did not hold, say) is tried again."""
LONGEST_WAIT = 3600.0
"""Seconds between looks at the clock: one that is set meanwhile is noticed so soon."""

log = Logger()


class GuestSource(Protocol):
    """What the party's ledger says now: :class:`lanrage.app.tunnel_ledger.TunnelLedger`."""

    def guests(self) -> list[Guest]:
        """Those that count now."""

    def now(self) -> float:
        """Seconds since the epoch, as the control server counts."""


@attrs.frozen
class GuestPlaces:
    """What a session has of its own.

    :param identity: of this member.
    :param address: its party address.
    """

    identity: bytes
    address: IPv4Address
    tunnel: ITunnel
    machine: IMachine
    links: Links
    lan: LanPlane
    guarding: Guarding


class SessionGuests:
    """From its making to :meth:`stop`; :meth:`follow` is called one at a time.

    :param source: ``None`` where no ledger is kept: then there are none.
    :param again: asks for :meth:`follow`, when a guest's time is over.
    :ivar known: all guests of the party that count now.
    :ivar trouble: why this node's guests are not served; empty where they are.
    """

    def __init__(
        self, clock: IReactorTime, source: GuestSource | None, places: GuestPlaces, again: Callable[[], object]
    ) -> None:
        self._clock, self._source, self._places, self._again = clock, source, places, again
        self._served: dict[bytes, Guest] = {}
        self._cut: set[bytes] = set()
        self._timer: IDelayedCall | None = None
        self._stopped = False
        self.known: list[Guest] = []
        self.trouble = ""

    @property
    def served(self) -> tuple[Guest, ...]:
        """This node's guests that WireGuard knows now."""
        return tuple(self._served.values())

    def cut(self, guest: Guest, off: bool = True) -> None:
        """Serve this guest no more, whatever the ledger says, from the next :meth:`follow` on.

        :param off: false: as the ledger says again.
        """
        (self._cut.add if off else self._cut.discard)(guest.key)

    async def follow(self) -> None:
        """Make all as the ledger and the clock say now. Never fails."""
        if self._source is None or self._stopped:
            return
        self.known = guests = [guest for guest in self._source.guests() if guest.key not in self._cut]
        of = by_server(guests)
        own = of.pop(self._places.identity, ())
        want = {guest.key: guest for guest in own}
        failed = await self._end_others(want)
        # An address may go from one member's guest to another's: it is let go of, everywhere, before it is taken.
        try:
            await self._places.links.set_guests({who: tuple(each.address for each in some) for who, some in of.items()})
        except LanrageError as error:
            failed = failed or str(error)
        self.trouble = failed = failed or await self._serve(want)
        self._places.lan.set_guests(self._serving(of))
        self._schedule(guests, self._source.now(), failed)

    async def stop(self) -> None:
        """Serve nobody any more; what cannot be undone goes with the tunnel."""
        self._stopped = True
        while self._served:
            try:
                await self._end(self._served.popitem()[1])
            except LanrageError as error:
                log.info("a guest was gone from this machine: {error}", error=str(error))
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None

    def _serving(self, of: dict[bytes, tuple[Guest, ...]]) -> dict[IPv4Address, IPv4Address]:
        """The serving member's address by guest."""
        peers = self._places.links.peers
        known = {who: link.member.certificate.ip for who, link in peers.items() if not link.revoked}
        return {guest.address: known[who] for who, some in of.items() if who in known for guest in some}

    # --- those that this node serves ------------------------------------------------------------------------------

    async def _end_others(self, want: Mapping[bytes, Guest]) -> str:
        """One that cannot be ended stays among the served, and behind the rules for guests: it is tried again.

        :return: what went wrong, empty where none but the wanted are served.
        """
        failed = ""
        for key, guest in tuple(self._served.items()):
            if want.get(key) == guest:
                continue
            try:
                await self._end(guest)
                del self._served[key]
            except (LanrageError, OSError) as error:
                failed = failed or str(error)
                self._warn("the guest {name} is still let in: {error}", failed, name=guest.name)
        return failed

    async def _serve(self, want: Mapping[bytes, Guest]) -> str:
        """:return: what went wrong, empty where all is as wanted."""
        try:
            new = [guest for key, guest in want.items() if key not in self._served]
            # The firewall first, and the frames; a guest gets in when WireGuard knows its key.
            addresses = frozenset(guest.address for guest in want.values())
            await self._places.guarding.admit_guests(self._places.address, addresses)
            self._frames(addresses)
            for guest in new:
                if not self._stopped:
                    await self._begin(guest)
        except (LanrageError, OSError) as error:
            self._warn("guests are not served: {error}", str(error))
            return str(error)
        return ""

    def _warn(self, words: str, error: str, **fields: str) -> None:
        """Each trouble once, however often it is met again."""
        if error != self.trouble:
            log.warn(words, error=error, **fields)

    def _frames(self, addresses: frozenset[IPv4Address]) -> None:
        part = self._places.lan.part(LanGuests)
        if part is not None and part.guests != addresses:
            part.serve(addresses)

    async def _begin(self, guest: Guest) -> None:
        places = self._places
        await places.tunnel.set_peer(TunnelPeer(guest.key, (IPv4Network(guest.address),)))
        try:
            await places.machine.add_member_route(guest.address, places.tunnel.name, places.address)
        except LanrageError:
            await places.tunnel.remove_peer(guest.key)
            raise
        self._served[guest.key] = guest
        log.info("the guest {name} is served at {address}", name=guest.name, address=str(guest.address))

    async def _end(self, guest: Guest) -> None:
        places = self._places
        await places.tunnel.remove_peer(guest.key)
        await places.machine.remove_member_route(guest.address, places.tunnel.name)
        log.info("the guest {name} is served no more", name=guest.name, address=str(guest.address))

    # --- time -----------------------------------------------------------------------------------------------------

    def _schedule(self, guests: Iterable[Guest], now: float, failed: str) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
        end = next_end(guests)
        waits = [RETRY] if failed else []
        if end is not None:
            waits.append(min(LONGEST_WAIT, max(0.0, end - now)))
        if waits and not self._stopped:
            self._timer = self._clock.callLater(min(waits), self._again)
