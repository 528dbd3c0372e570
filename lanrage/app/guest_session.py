"""The guests of one session: those of this node are served, those of other members are reached through them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from ipaddress import IPv4Address, IPv4Network
from typing import Protocol

import attrs
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from lanrage.app.guarding import Guarding
from lanrage.app.guest_serving import Channel, GuestServing
from lanrage.app.lan import LanPlane
from lanrage.app.lan_guests import LanGuests
from lanrage.app.links import Links
from lanrage.core.links import TunnelPeer
from lanrage.core.party_guests import Guest, Resting, by_server, next_end
from lanrage.errors import LanrageError
from lanrage.interfaces import IMachine, ITunnel

RETRY = 5.0
"""Seconds until a guest that this machine could not serve (a firewall that did not hold, say) is tried again."""
LONGEST_WAIT = 3600.0
"""Seconds between looks at the clock: one that is set meanwhile is noticed so soon."""
DENIES = "guests.serve is deny here"

log = Logger()


class Pending(Protocol):
    """What was dismissed here: :class:`lanrage.app.guest_dismissals.Dismissals`."""

    pending: frozenset[bytes]
    changed: Callable[[], object]

    async def load(self) -> None:
        """Take up what an earlier session left. Never fails."""

    async def add(self, key: bytes) -> None:
        """Dismissed from now on, and after a crash.

        :raises StoreError: it cannot be kept.
        """

    async def told(self, key: bytes) -> None:
        """The party knows, or refuses it. Never fails."""

    def later(self) -> None:
        """Go on trying to tell the party."""

    def stop(self) -> None:
        """Tell nobody any more."""


class GuestSource(Protocol):
    """What the party's ledger says now: :class:`lanrage.app.tunnel_ledger.TunnelLedger`."""

    def guests(self) -> list[tuple[Guest, Resting | None]]:
        """All that live, and why those that take no part now rest."""

    def now(self) -> float:
        """Seconds since the epoch, as the control server counts."""

    def serves(self) -> bool:
        """Whether this node serves guests."""

    @property
    def dismissals(self) -> Pending:
        """Guests that were dismissed here, which the ledger may have still."""


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
    channel: Channel


class SessionGuests:
    """From its making to :meth:`stop`; :meth:`follow` is called one at a time.

    :param source: ``None`` where no ledger is kept: then there are none.
    :param again: asks for :meth:`follow`, when a guest's time is over.
    :ivar known: all guests of the party that take part now.
    :ivar resting: those that live and take no part, and why.
    :ivar trouble: why this node's guests are not served; empty where they are.
    :ivar serving: which members serve guests; ``None`` without a source.
    """

    def __init__(
        self, clock: IReactorTime, source: GuestSource | None, places: GuestPlaces, again: Callable[[], object]
    ) -> None:
        self._clock, self._source, self._places, self._again = clock, source, places, again
        self._served: dict[bytes, Guest] = {}
        self._half: dict[bytes, Guest] = {}
        self._timer: IDelayedCall | None = None
        self._loaded = self._stopped = False
        self.known: list[Guest] = []
        self.resting: list[tuple[Guest, str]] = []
        self.trouble = ""
        self.serving: GuestServing | None = None
        if source is not None:
            links = places.links
            self.serving = GuestServing(clock, places.channel, source.serves(), lambda: links.cut_off.members)
            source.dismissals.changed = again

    @property
    def dismissals(self) -> Pending | None:
        """What was dismissed here and the party may not know; ``None`` without a source."""
        return self._source.dismissals if self._source is not None else None

    @property
    def serves(self) -> bool:
        """Whether this node serves guests, as its settings say."""
        return self._source is not None and self._source.serves()

    @property
    def served(self) -> tuple[Guest, ...]:
        """This node's guests that WireGuard knows now."""
        return tuple(self._served.values())

    async def follow(self) -> None:
        """Make all as the ledger, the settings and the clock say now. Fails on nothing that may happen to a machine."""
        source = self._source
        if source is None or self._stopped:
            return
        if not self._loaded:
            self._loaded = True
            await source.dismissals.load()
        failed = "it did not end well"  # whatever happens below, the clock is looked at again
        try:
            self._judge(source)
            failed = await self._make_so(source)
        finally:
            self._schedule(self.known, source.now(), failed)

    def _judge(self, source: GuestSource) -> None:
        """Who takes part, and who rests, but for those whom this node dismissed."""
        judged = [(guest, why) for guest, why in source.guests() if guest.key not in source.dismissals.pending]
        self.known = [guest for guest, why in judged if why is None]
        self.resting = [(guest, why.value) for guest, why in judged if why is not None]
        if self.serving is not None:
            self.serving.say(source.serves())

    async def _make_so(self, source: GuestSource) -> str:
        """:return: what went wrong and is to be tried again, empty where all is as wanted."""
        of = by_server(self.known)
        own = of.pop(self._places.identity, ())
        want = {guest.key: guest for guest in own} if source.serves() else {}
        failed = await self._end_others(want)
        # An address may go from one member's guest to another's: it is let go of, everywhere, before it is taken.
        try:
            await self._places.links.set_guests({who: tuple(each.address for each in some) for who, some in of.items()})
        except (LanrageError, OSError) as error:
            failed = failed or str(error)
        failed = failed or await self._serve(want)
        self.trouble = failed or (DENIES if own and not want else "")
        self._places.lan.set_guests(self._serving(of))
        return failed

    async def stop(self) -> None:
        """Serve nobody any more; what cannot be undone goes with the tunnel."""
        self._stopped = True
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
        if self._source is not None:
            self._source.dismissals.stop()
        if self.serving is not None:
            self.serving.stop()
        standing = {**self._half, **self._served}
        self._half, self._served = {}, {}
        for guest in standing.values():
            try:
                await self._end(guest)
            except (LanrageError, OSError) as error:
                log.info("a guest was gone from this machine: {error}", error=str(error))

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
        others = {key: guest for key, guest in self._served.items() if want.get(key) != guest}
        for key, guest in {**self._half, **others}.items():
            try:
                await self._end(guest)
                self._served.pop(key, None)
                self._half.pop(key, None)
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
        """WireGuard may know it after a failure, too: then it is among those that are ended at the next look."""
        places = self._places
        self._half[guest.key] = guest
        await places.tunnel.set_peer(TunnelPeer(guest.key, (IPv4Network(guest.address),)))
        try:
            await places.machine.add_member_route(guest.address, places.tunnel.name, places.address)
        except (LanrageError, OSError):
            await places.tunnel.remove_peer(guest.key)
            self._half.pop(guest.key, None)
            raise
        self._half.pop(guest.key, None)
        if self._stopped:
            await self._end(guest)
            return
        self._served[guest.key] = guest
        log.info("the guest {name} is served at {address}", name=guest.name, address=str(guest.address))

    async def _end(self, guest: Guest) -> None:
        places = self._places
        await places.tunnel.remove_peer(guest.key)
        await places.machine.remove_member_route(guest.address, places.tunnel.name)
        log.info("the guest {name} is served no more", name=guest.name, address=str(guest.address))

    # --- time -----------------------------------------------------------------------------------------------------

    def _schedule(self, guests: Iterable[Guest], now: float, failed: str) -> None:
        end = next_end(guests)
        waits = [RETRY] if failed else []
        if end is not None:
            waits.append(min(LONGEST_WAIT, max(0.0, end - now)))
        self._wait(min(waits, default=None))

    def _wait(self, seconds: float | None) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None if seconds is None or self._stopped else self._clock.callLater(seconds, self._due)

    def _due(self) -> None:
        """Somebody's time is over: look, and look again soon should that come to nothing."""
        self._wait(RETRY)
        self._again()
