"""The LAN plane: every LAN game's broadcasts, carried between the members of a party (``docs/protocol-lan.rst``)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Network
from typing import Protocol, TypeVar

import attrs
from twisted.application.service import Service
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from lanrage.app.lan_flow import Inflow, Outflow
from lanrage.app.lan_rooms import Rooms
from lanrage.app.lan_stages import LanPart, Plane, Travelled
from lanrage.core.broadcast_dedup import WINDOW_SECONDS
from lanrage.core.lan_counters import LanCounters
from lanrage.core.lan_frames import Frame, PartyLan, Udp, derived_mac
from lanrage.core.lan_services import LanService
from lanrage.core.links import TUNNEL_MTU, LocalAddress
from lanrage.errors import LanrageError
from lanrage.interfaces import ILanCard
from lanrage.timing import timing_decorator
from lanrage.wire.frames import Kind

# Protocols have methods without a body.
# pylint: disable=missing-function-docstring,too-few-public-methods

HOUSEKEEPING_SECONDS = 30.0
"""How soon a new address of a real card is known as this machine's own where the kernel's events are missing; else
:meth:`LanPlane.look` is called as they come. Reading the addresses takes a few ms in a thread."""

log = Logger()


class Carrier(Protocol):
    """Datagrams to and from members: :class:`lanrage.net.lan_port.LanPort`."""

    strangers: int

    def open(self, receive: Callable[[bytes, str], None]) -> None: ...

    def send(self, payload: bytes, to: str) -> int: ...

    def close(self) -> None: ...


class Capture(Protocol):
    """Broadcasts and multicasts that this machine sends on its real cards, as (interface index, frame)."""

    def open(self, receive: Callable[[int, bytes], None]) -> None: ...

    def close(self) -> None: ...


class GroupWays(Protocol):
    """Brings multicast to sockets that the LAN card does not reach: :class:`lanrage.net.multicast.MulticastWays`."""

    def start(self) -> None: ...

    def stop(self) -> Deferred[None]: ...

    def deliver(self, datagram: Udp) -> None: ...


Part = TypeVar("Part", bound=LanPart)
OwnAddresses = Callable[[], Awaitable[Collection[LocalAddress]]]
OwnAddresses6 = Callable[[], Awaitable[Collection[IPv6Address]]]


class LanPlane(Service):
    """Carries frames between this machine's cards and the members of its party.

    The card is opened first (its index is what `groups` makes its watch for), then the port, then the rest.

    :param clock: the reactor's time.
    :param card: the LAN card; opened and closed here.
    :param carrier: the port inside the tunnel; opened and closed here.
    :param address: this member's party address with the party's network.
    :param nonce: drawn at this process's start, 64 bit.
    :param own_addresses: of this machine's real cards (:meth:`lanrage.interfaces.IMachine.local_addresses`).
    :param own_addresses6: likewise of IPv6, link-local ones too (:func:`lanrage.net.ipv6.own_addresses6`).
    :param capture: broadcasts that games send on real cards; ``None`` carries those of the LAN card only.
    :param groups: makes the ways for multicast once the card is there; ``None`` uses the LAN card only.
    :param mtu: of the tunnel.
    :param carries: whether what this machine's games send is carried at all; if not, it only hears the others.
    :param dedup_window: seconds in which one datagram on two cards is one.
    :param parts: makes what else decides on frames (:mod:`lanrage.app.lan_stages`).
    :param prefix: the party's IPv6 network; ``None`` where this machine goes without.
    :param services: discovery services that are carried.
    :ivar rooms: of games beside the LAN card (``docs/run.rst``); closed when this stops.
    :ivar on_lost: called with a sentence when the card went away while it was in use.
    :ivar on_network: called when this machine's addresses, cards or routes may have changed.
    :ivar pair_key: the key of probes that this node shares with the member of a party address, where it is known.
    :ivar lets_in: asked whether members reach a UDP port here; what comes in by the LAN card is judged by its firewall.
    :ivar path_dead: asked whether all paths to a member are dead, as far as its link knows.
    :ivar host: party address of the party's host, this member's own where it is it; ``None`` where nobody knows.
    """

    def __init__(  # pylint: disable=too-many-arguments
        self,
        clock: IReactorTime,
        card: ILanCard,
        carrier: Carrier,
        address: IPv4Interface,
        nonce: int,
        *,
        own_addresses: OwnAddresses | None = None,
        own_addresses6: OwnAddresses6 | None = None,
        capture: Capture | None = None,
        groups: Callable[[], GroupWays] | None = None,
        mtu: int = TUNNEL_MTU,
        carries: bool = True,
        dedup_window: float = WINDOW_SECONDS,
        parts: Callable[[Plane], Collection[LanPart]] = lambda plane: (),
        prefix: IPv6Network | None = None,
        services: frozenset[LanService] = frozenset(),
    ) -> None:
        self._clock, self._card, self._carrier, self._address = clock, card, carrier, address
        self._own_addresses, self._own_addresses6 = own_addresses, own_addresses6
        self._capture, self._make_groups, self._carries = capture, groups, carries
        self.on_lost: Callable[[str], None] = lambda why: None
        self.pair_key: Callable[[IPv4Address], bytes | None] = lambda address: None
        self.lets_in: Callable[[int], bool] = lambda port: True
        self.path_dead: Callable[[IPv4Address], bool] = lambda member: False
        self.host: IPv4Address | None = None
        self._groups: GroupWays | None = None
        self._counters = LanCounters()
        lan = PartyLan(address.ip, address.network, prefix=prefix, services=services)
        self._out = Outflow(lan, nonce, carrier.send, self._counters, mtu)
        self.dedup_window = dedup_window
        self.rooms = Rooms(card.write)
        self._in = Inflow(lan, self.rooms.write, self._deliver, self._counters)
        self.outgoing, self.incoming = self._out.stages, self._in.stages
        self.on_network: list[Callable[[], object]] = []
        self._parts = tuple(parts(self))
        self._keeping: LoopingCall | None = None
        self._starting: Deferred[None] | None = None
        self._opened: list[Callable[[], object]] = []

    def startService(self) -> Deferred[None]:
        """Open the card, the port, the ways for multicast and the capture.

        :return: fires when all stand; fails with what the part raised, and then nothing is left open.
        """
        super().startService()  # type: ignore[no-untyped-call]
        self._starting = Deferred.fromCoroutine(self._start())
        return self._starting

    def stopService(self) -> Deferred[None]:
        """Close all that was opened, the last first; a start that is under way is cancelled."""
        super().stopService()  # type: ignore[no-untyped-call]
        if self._starting is not None:
            self._starting.cancel()
        log.info("the LAN plane ends on {card}", card=self._card.name)
        return Deferred.fromCoroutine(self._stop())

    def set_members(self, addresses: Collection[IPv4Address]) -> None:
        """Carry to and from these members, and no others.

        :param addresses: party addresses of the other members; this member's own and those outside the party's
            network are left out.
        """
        network: IPv4Network = self._address.network
        others = [each for each in addresses if each in network and each != self._address.ip]
        lan = attrs.evolve(self.lan, members={derived_mac(each): each for each in others})
        self._use(lan)
        log.debug("the LAN plane carries for {count} members", count=len(others))
        for gone in self._counters.carried.keys() - {str(each) for each in others}:
            del self._counters.carried[gone]
        for part in self._parts:
            part.set_members(lan)

    def set_guests(self, guests: Mapping[IPv4Address, IPv4Address]) -> None:
        """Take the frames of these guests from the members that serve them; see :class:`PartyLan`."""
        self._use(attrs.evolve(self.lan, guests=guests))

    def _use(self, lan: PartyLan) -> None:
        self._out.lan = lan
        self._in.set_lan(lan)

    @property
    def lan(self) -> PartyLan:
        """The party as this member sees it now."""
        return self._out.lan

    @property
    def dedup_window(self) -> float:
        """Seconds in which one datagram on two cards is one."""
        return self._out.dedup.window

    @dedup_window.setter
    def dedup_window(self, seconds: float) -> None:
        self._out.dedup.window = seconds

    def carried_bytes(self, member: IPv4Address) -> int:
        """Bytes of the tunnel that frames and messages to and from this member took, since it came."""
        return self._counters.carried[str(member)]

    def now(self) -> float:
        """Seconds on the plane's clock."""
        return self._clock.seconds()

    def say(self, kind: Kind, message: bytes, to: Collection[IPv4Address]) -> None:
        """Send a message to these members, best effort.

        :param message: not empty, at most :data:`~lanrage.wire.packets.MAX_FRAME_BYTES`.
        """
        self._out.say(kind, message, to)

    def inject(self, frame: bytes, origin: IPv4Address) -> bool:
        """See :meth:`lanrage.app.lan_flow.Inflow.inject`."""
        return self._in.inject(frame, origin, self._clock.seconds())

    def carry(self, frame: Frame, card: int) -> None:
        """Carry a frame of another device, whose source is this member, from the real card with this index."""
        self._out.from_device(frame, card, self._clock.seconds())

    def part(self, kind: type[Part]) -> Part | None:
        """The part of this class, if there is one."""
        return next((each for each in self._parts if isinstance(each, kind)), None)

    def pass_on(self, frame: Travelled, to: Collection[IPv4Address]) -> int:
        """See :meth:`lanrage.app.lan_flow.Outflow.pass_on`."""
        return self._out.pass_on(frame, to)

    @property
    def injected(self) -> int:
        """Frames of members that were put onto this machine's card since the start."""
        return self._counters.injected

    def counters(self) -> dict[str, int]:
        """Counts since this plane was made, by name: always the same names (``docs/protocol-lan.rst``)."""
        counted = self._counters.as_dict()
        counted["dropped_stranger"] += self._carrier.strangers
        counted["dropped_packets"] += self._carrier.strangers
        counted["dedup_audited"] = self._out.dedup.audited
        counted["dedup_false_positives"] = self._out.dedup.false_positives
        for part in self._parts:
            counted |= part.counters()
        return counted

    def frame_from_card(self, frame: bytes) -> None:
        """This machine sent `frame` on the LAN card."""
        if not self.outgoing.take(frame) and self._carries:
            self._out.from_card(frame, self._clock.seconds())

    def frame_from_room(self, index: int, frame: bytes) -> None:
        """A game in a room sent `frame`; `index` is that of the room's card."""
        if self._carries:
            self._out.from_room(index, frame, self._clock.seconds())

    def frame_from_capture(self, index: int, frame: bytes) -> None:
        """This machine sent `frame` on the real card with this interface index."""
        self._out.from_capture(index, frame, self._clock.seconds())

    def datagram_from_member(self, data: bytes, source: str) -> None:
        """A datagram came by the port from this party address."""
        self._in.arrived(data, source, self._clock.seconds())

    @timing_decorator("broadcast.start_listener")
    async def _start(self) -> None:
        try:
            await self._card.open(self._address, self.frame_from_card, self._card_lost)
            self._opened.append(self._card.close)
            self._carrier.open(self.datagram_from_member)
            self._opened.append(self._carrier.close)
            await self._open_sides()
        except BaseException:
            await self._stop()
            raise
        log.info("the LAN plane carries for {address} on {card}", address=str(self._address), card=self._card.name)

    async def _open_sides(self) -> None:
        if self._make_groups is not None:
            self._groups = self._make_groups()
            self._groups.start()
            self._opened.append(self._groups.stop)
        if self._own_addresses is not None:
            await self._keep_house()
            self._start_keeping()
        if self._capture is not None:
            self._capture.open(self.frame_from_capture)
            self._opened.append(self._capture.close)
        for part in self._parts:
            part.start()
            self._opened.append(part.stop)
        self._opened.append(self.rooms.close)

    async def _stop(self) -> None:
        if self._keeping is not None:
            self._keeping.stop()
            self._keeping = None
        while self._opened:
            try:
                closed = self._opened.pop()()
                if isinstance(closed, Awaitable):
                    await closed
            except Exception:  # pylint: disable=broad-except  # one part that fails to close keeps no other open
                log.failure("a part of the LAN plane failed to close")
        self._groups = None

    def look(self) -> Deferred[None]:
        """This machine's addresses, cards or routes may have changed: see to it now.

        :return: fires when the addresses are known; never fails.
        """
        if not self.running:
            return succeed(None)
        for seen in self.on_network:
            seen()
        return Deferred.fromCoroutine(self._keep_house())

    def _start_keeping(self) -> None:
        self._keeping = LoopingCall(self.look)
        self._keeping.clock = self._clock
        ended = self._keeping.start(HOUSEKEEPING_SECONDS, now=False)
        ended.addErrback(lambda failure: log.failure("knowing this machine's addresses ended", failure))

    async def _keep_house(self) -> None:
        if self._own_addresses is None:
            return
        try:
            known = await self._own_addresses()
            six = (
                await self._own_addresses6() if self._own_addresses6 is not None and self.lan.prefix is not None else ()
            )
        except (OSError, LanrageError) as error:
            log.warn("this machine's addresses cannot be read: {error}", error=error)
            return
        except Exception:  # pylint: disable=broad-except  # the next look may succeed
            log.failure("reading this machine's addresses failed")
            return
        self._out.own = frozenset((*(each.address for each in known), *six))

    def _card_lost(self) -> None:
        self.on_lost(f"the LAN card {self._card.name} is gone")

    def _deliver(self, datagram: Udp) -> None:
        if self._groups is not None and self.lets_in(datagram.destination_port):
            self._groups.deliver(datagram)
