"""Bridges of real cards: wanted, opened, followed as cards come and go (``docs/protocol-bridge.rst``)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from ipaddress import IPv4Address
from typing import Any, Protocol

import attrs
from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from lanrage.app.bridged_card import BridgeCounts, BridgedCard, CardPort, KernelTable
from lanrage.app.lan import OwnAddresses
from lanrage.app.lan_neighbours import LanNeighbours
from lanrage.app.lan_stages import Plane
from lanrage.core.bridge import Bridge, Segment, may_be_named
from lanrage.core.lan_frames import Frame, PartyLan
from lanrage.core.links import LocalAddress
from lanrage.errors import BadInput, LanrageError, Refused

# Protocols have methods without a body.
# pylint: disable=missing-function-docstring

LOOK_SECONDS = 5.0
"""How soon a card that came, went or moved is followed, and a named device that is silent is looked for."""

BRIDGES_LIMIT = 4
"""Cards that are bridged at once; a machine has a few."""


class Makers(Protocol):
    """What touches the machine (:class:`lanrage.app.lan_physical.BridgeMakers`)."""

    def port(self, name: str) -> CardPort: ...

    def table(self, here: LocalAddress, party: IPv4Address) -> KernelTable: ...

    def port_free(self, port: int) -> bool: ...

    def find_mac(self, address: IPv4Address, device: str) -> Deferred[bytes | None]: ...


@attrs.define
class _Bridged:
    """A wanted bridge, and what stands of it.

    :ivar here: this machine's address on the card when it was opened.
    """

    device: IPv4Address | None
    here: LocalAddress | None = None
    card: BridgedCard | None = None
    trouble: str = ""
    broken: bool = False


@attrs.frozen
class BridgeState:
    """A bridge as it is.

    :param device: the one that was named.
    :param address: this machine's on the card; ``None`` while it does not stand, and then `trouble` says why.
    :param devices: those that take part, each with its ports and the party's for them.
    :param yields: a member on the same network bridges it, so this node does not.
    """

    interface: str
    device: IPv4Address | None
    address: IPv4Address | None
    trouble: str
    devices: dict[IPv4Address, dict[int, int]]
    yields: bool


class LanBridge:
    """A part of the LAN plane (:class:`lanrage.app.lan_stages.LanPart`).

    :param plane: its stage :attr:`~lanrage.app.lan_stages.Incoming.shown` is taken.
    :param neighbours: knows the members on this machine's networks, and tells them that this one bridges.
    :ivar guard: lets packets from the tunnel pass to a card, by the card's name; :attr:`unguard` takes that back.
    """

    log = Logger()

    def __init__(
        self, clock: Any, plane: Plane, neighbours: LanNeighbours, own_addresses: OwnAddresses, makers: Makers
    ) -> None:
        self._clock, self._plane, self._neighbours = clock, plane, neighbours
        self._own_addresses, self._makers = own_addresses, makers
        self._bridges: dict[str, _Bridged] = {}
        self._counts = BridgeCounts()
        self._lock = DeferredLock()
        self._looking: LoopingCall | None = None
        self._stopped = False
        self.guard: Callable[[str], Awaitable[None]] = _nothing
        self.unguard: Callable[[str], Awaitable[None]] = _nothing
        neighbours.bridging = self.bridging
        plane.incoming.shown, plane.incoming.hears_all = self._shown, self.hears_all

    # --- life ---------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Follow the cards."""
        self._stopped = False
        self._looking = LoopingCall(self.look)
        self._looking.clock = self._clock
        self._looking.start(LOOK_SECONDS, now=False).addErrback(lambda why: self.log.failure("looking ended", why))

    def stop(self) -> Deferred[None]:
        """Take all bridges down; nothing of them is left on the machine, and none is opened until the next start."""
        self._stopped = True
        if self._looking is not None:
            self._looking.stop()
            self._looking = None
        return self._lock.run(lambda: Deferred.fromCoroutine(self._stop()))

    def set_members(self, lan: PartyLan) -> None:
        """Who went is forgotten."""
        del lan
        for each in self._bridges.values():
            if each.card is not None:
                each.card.look()

    def counters(self) -> dict[str, int]:
        """Counts by name, and how many bridges stand."""
        return {"bridges": sum(each.card is not None for each in self._bridges.values()), **self._counts.as_dict()}

    # --- what the user asks -------------------------------------------------------------------------------------------

    def turn_on(self, name: str, device: IPv4Address | None) -> Deferred[None]:
        """Bridge a card from now on; one that is bridged already is bridged anew.

        :param device: the only device that takes part; ``None`` = all that play.
        :raises BadInput: names what is wrong with the card or the device; nothing is changed then.
        :raises LanrageError: with what is missing.
        """
        return self._lock.run(lambda: Deferred.fromCoroutine(self._turn_on(name, device)))

    def turn_off(self, name: str) -> Deferred[bool]:
        """Bridge a card no more; whether it was wanted."""
        return self._lock.run(lambda: Deferred.fromCoroutine(self._turn_off(name)))

    def want(self, wanted: dict[str, IPv4Address | None]) -> Deferred[None]:
        """These bridges were wanted before; those whose cards are there stand when it fires."""
        for name, device in wanted.items():
            self._bridges.setdefault(name, _Bridged(device))
        return self.look()

    def states(self) -> list[BridgeState]:
        """All that are wanted."""
        return [_state(name, each) for name, each in self._bridges.items()]

    def bridging(self, index: int) -> bool:
        """Whether the card with this interface index is bridged."""
        standing = (each for each in self._bridges.values() if each.card is not None)
        return any(each.here is not None and each.here.index == index for each in standing)

    def hears_all(self) -> bool:
        """Whether devices hear what members send: on what ports, nobody knows."""
        return any(each.card is not None for each in self._bridges.values())

    # --- in time ------------------------------------------------------------------------------------------------------

    def look(self) -> Deferred[None]:
        """Follow the cards now."""
        looking = self._lock.run(lambda: Deferred.fromCoroutine(self._look()))
        return looking.addErrback(lambda failure: self.log.failure("the bridges were not looked at", failure))

    async def _look(self) -> None:
        if self._stopped or not self._bridges:
            return
        cards = await self._cards()
        for name, each in list(self._bridges.items()):
            try:
                await self._follow(name, each, cards)
            except Exception as error:  # pylint: disable=broad-except  # the other cards are followed all the same
                self.log.failure("the bridge of {card} was not looked at", card=name)
                each.trouble = each.trouble if each.card is not None else repr(error)

    async def _follow(self, name: str, each: _Bridged, cards: dict[str, LocalAddress]) -> None:
        if each.card is not None and (cards.get(name) != each.here or each.broken):
            await self._close(each)
        try:
            if each.card is None:
                await self._open(each, self._check(name, each.device, cards))
        except LanrageError as error:
            if str(error) != each.trouble:
                self.log.warn("the bridge of {card} does not stand: {error}", card=name, error=str(error))
            each.trouble = str(error)
            return
        await self._tend(each)

    async def _tend(self, each: _Bridged) -> None:
        if each.card is None or each.here is None:
            return
        each.card.look()
        if each.device is not None and each.device not in each.card.bridge.devices():
            mac = await self._makers.find_mac(each.device, each.here.interface)
            if mac is not None:
                each.card.found(each.device, mac)

    # --- their work ---------------------------------------------------------------------------------------------------

    async def _turn_on(self, name: str, device: IPv4Address | None) -> None:
        if self._stopped:
            raise Refused("no_card", "this machine does not take part in its party now")
        here = self._check(name, device, await self._cards())
        before = self._bridges.get(name)
        if before is None and len(self._bridges) >= BRIDGES_LIMIT:
            raise BadInput("interface", f"{BRIDGES_LIMIT} cards are bridged already")
        if before is not None:
            await self._close(before)
        wanted = _Bridged(device)
        try:
            await self._open(wanted, here)
        except BaseException:
            self._bridges.pop(name, None)
            raise
        self._bridges[name] = wanted
        await self._tend(wanted)

    async def _turn_off(self, name: str) -> bool:
        gone = self._bridges.pop(name, None)
        if gone is not None:
            await self._close(gone)
        return gone is not None

    async def _stop(self) -> None:
        for each in self._bridges.values():
            await self._close(each)

    async def _cards(self) -> dict[str, LocalAddress]:
        """This machine's address on each card; the first, where there are several."""
        cards: dict[str, LocalAddress] = {}
        for each in await self._own_addresses():
            if each.broadcast and each.network.prefixlen < 31:
                cards.setdefault(each.interface, each)
        return cards

    def _check(self, name: str, device: IPv4Address | None, cards: dict[str, LocalAddress]) -> LocalAddress:
        here = cards.get(name)
        if here is None:
            raise BadInput("interface", f"{name} is no card of this machine that is up and has an IPv4 address")
        others = [each.here for other, each in self._bridges.items() if other != name and each.card is not None]
        if any(each is not None and each.network.overlaps(here.network) for each in others):
            raise BadInput("interface", f"the network of {name} is bridged by another card")
        if device is not None and not may_be_named(device, Segment(here.index, here.address, here.network, b"")):
            raise BadInput("device", f"{device} is no address of another machine on {name}, {here.network}")
        return here

    async def _open(self, each: _Bridged, here: LocalAddress) -> None:
        own = frozenset(known.address for known in await self._own_addresses())
        table = self._makers.table(here, self._plane.lan.address)
        port = self._makers.port(here.interface)
        await table.open()
        try:
            await self.guard(here.interface)
            port.open(lambda frame: card.device_frame(frame), lambda why: self._break(each, why))
        except BaseException:
            await self._undo(lambda: self.unguard(here.interface))
            await self._undo(table.close)
            raise
        bridge = Bridge(Segment(here.index, here.address, here.network, port.mac), each.device, self._makers.port_free)
        bridge.own = own
        card = BridgedCard(
            self._plane,
            bridge,
            port,
            table,
            lambda: self._neighbours.near(here.index),
            self._counts,
            lambda why: self._break(each, why),
            self._clock.seconds(),
        )
        each.card, each.here, each.trouble, each.broken = card, here, "", False
        self.log.info("{card} is bridged", card=here.interface)
        self._neighbours.changed()

    async def _close(self, each: _Bridged) -> None:
        card, here, each.card, each.here = each.card, each.here, None, None
        if card is not None and here is not None:
            await self._undo(lambda: self.unguard(here.interface))
            await self._undo(card.close)
            self._neighbours.changed()

    async def _undo(self, undo: Callable[[], Awaitable[None]]) -> None:
        """Take a part of a bridge back; one that fails keeps no other."""
        try:
            await undo()
        except LanrageError as error:
            self.log.warn("a bridge was not taken down: {error}", error=str(error))
        except Exception:  # pylint: disable=broad-except  # whatever it is, the rest is taken down
            self.log.failure("a bridge was not taken down")

    def _break(self, each: _Bridged, why: str) -> None:
        """A bridge that stands is of no use any more: it is made anew at the next look."""
        each.trouble, each.broken = why, True
        self.log.warn("a bridge is to be made anew: {reason}", reason=why)

    def _shown(self, frame: Frame, origin: IPv4Address, now: float) -> None:
        """A member's frame was let through."""
        del now
        for each in self._bridges.values():
            if each.card is not None:
                try:
                    each.card.member_frame(frame, origin)
                except Exception:  # pylint: disable=broad-except  # this machine's own games get it all the same
                    self.log.failure("a frame was not shown to devices")


async def _nothing(_card: str) -> None:
    """Nobody guards."""


def _state(name: str, each: _Bridged) -> BridgeState:
    address = each.here.address if each.here is not None else None
    devices = each.card.bridge.devices() if each.card is not None else {}
    return BridgeState(name, each.device, address, each.trouble, devices, each.card is not None and each.card.yields)
