"""Members with leases, joined in memory: a virtual clock, a carrier that may lose and repeat, and what was seen."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from ipaddress import IPv4Address

import attrs
from twisted.internet.task import Clock

from lanrage.app.lan_leases import Judge, LanLeases
from lanrage.app.lan_rooms import Rooms
from lanrage.app.lan_stages import Incoming, Outgoing, Travelled
from lanrage.core import frame_rules
from lanrage.core.frame_rules import canonical
from lanrage.core.lan_frames import Frame, PartyLan
from lanrage.wire.frames import IP_UDP_BYTES, Kind, encode_part, split
from lanrage.wire.packets import write_frame
from tests.strategies_lan import ME, lan_of, udp

Carrier = Callable[[IPv4Address, IPv4Address], Collection[float]]
"""What becomes of a datagram from one member to another: the seconds after which it arrives, once for each copy."""


def at_once(_sender: IPv4Address, _receiver: IPv4Address) -> Collection[float]:
    """A carrier that loses nothing and takes no time."""
    return (0.0,)


@attrs.define
class Member:
    """One member, as much of a LAN plane as leases need.

    :ivar seen: when its card received which frame, and from whom.
    """

    world: World
    lan: PartyLan
    outgoing: Outgoing = attrs.field(factory=Outgoing)
    incoming: Incoming = attrs.field(factory=Incoming)
    seen: list[tuple[float, IPv4Address, bytes]] = attrs.field(factory=list)
    dead: set[IPv4Address] = attrs.field(factory=set)
    on_network: list[Callable[[], object]] = attrs.field(factory=list)
    pair_key: Callable[[IPv4Address], bytes | None] = lambda member: None
    host: IPv4Address | None = None
    rooms: Rooms = attrs.field(factory=lambda: Rooms(lambda frame: True))
    leases: LanLeases = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        """Start, or start again after a crash."""
        self.world.epoch += 1
        self.outgoing, self.incoming = Outgoing(), Incoming()
        self.leases = LanLeases(self.world.clock, self, self.world.epoch, judge=self.world.judge)
        self.leases.start()

    def say(self, kind: Kind, message: bytes, to: Collection[IPv4Address]) -> None:
        """See :class:`lanrage.app.lan_stages.Plane`."""
        for member in to:
            self.world.send(kind, message, self.lan.address, member)

    def inject(self, frame: bytes, origin: IPv4Address) -> bool:
        """See :class:`lanrage.app.lan_stages.Plane`."""
        self.seen.append((self.now(), origin, frame))
        return True

    def carry(self, frame: Frame, card: int) -> None:
        """See :class:`lanrage.app.lan_stages.Plane`: as if the LAN card had sent it."""
        self.announce(frame)

    def pass_on(self, frame: Travelled, to: Collection[IPv4Address]) -> int:
        """See :class:`lanrage.app.lan_stages.Plane`: nobody passes frames on here."""
        raise AssertionError(f"{frame} was passed on to {to}")

    def now(self) -> float:
        """See :class:`lanrage.app.lan_stages.Plane`."""
        return self.world.clock.seconds()

    def path_dead(self, member: IPv4Address) -> bool:
        """See :class:`lanrage.app.lan_stages.Plane`."""
        return member in self.dead

    def announce(self, frame: Frame) -> None:
        """A game of this machine sends a frame."""
        data = write_frame(frame)
        leased = self.outgoing.leased(frame, data, self.now())
        self.say(Kind.FRAME, data, [member for member in self.lan.members.values() if member not in leased])

    def arrived(self, kind: Kind, data: bytes, frame: Frame | None, sender: IPv4Address) -> None:
        """A message came by the carrier."""
        if sender not in self.lan.members.values():
            return
        if kind is Kind.LEASE:
            self.incoming.takers[kind](data, sender, self.now())
        elif frame is not None and not self.incoming.repeated(frame, sender, self.now()):
            self.inject(data, sender)


@attrs.define
class World:
    """A party.

    :ivar carried: bytes on the wire, with all headers.
    :ivar lost: when a carried frame was lost, and to whom.
    """

    carrier: Carrier = at_once
    judge: Judge = frame_rules.inbound
    clock: Clock = attrs.field(factory=Clock)
    members: dict[IPv4Address, Member] = attrs.field(factory=dict)
    carried: int = 0
    lost: list[tuple[float, IPv4Address]] = attrs.field(factory=list)
    epoch: int = 0
    _forms: dict[bytes, Frame] = attrs.field(factory=dict)

    @classmethod
    def of(
        cls, addresses: Iterable[IPv4Address], carrier: Carrier = at_once, judge: Judge = frame_rules.inbound
    ) -> World:
        """A party of these members, all there."""
        world = cls(carrier, judge)
        known = list(addresses)
        for address in known:
            world.members[address] = Member(world, lan_of(address))
        world.meet(known)
        return world

    def meet(self, addresses: Collection[IPv4Address]) -> None:
        """These are the members now, as each of them sees it."""
        for member in self.members.values():
            here = member.lan.address
            others = [each for each in addresses if each != here] if here in addresses else []
            member.lan = lan_of(here, *others)
            member.leases.set_members(member.lan)

    def announce(self, sender: IPv4Address, frame: Frame) -> None:
        """A game sends."""
        self._forms[write_frame(frame)] = frame
        self.members[sender].announce(frame)

    def send(self, kind: Kind, data: bytes, sender: IPv4Address, receiver: IPv4Address) -> None:
        """Carry a message in as many datagrams as it takes; without one of them it is lost."""
        self.carried += cost(kind, data)
        arrivals = self.carrier(sender, receiver)
        if not arrivals and kind is Kind.FRAME:
            self.lost.append((self.clock.seconds(), receiver))
        frame = self._forms.get(data)
        for number, after in enumerate(arrivals):
            if kind is Kind.FRAME and number:
                break  # the plane's ledger knows sequence numbers
            self.clock.callLater(after, self.members[receiver].arrived, kind, data, frame, sender)

    def run(self, seconds: float) -> None:
        """Let time pass, stopping at each thing that happens."""
        until = self.clock.seconds() + seconds
        while True:
            calls = [call.getTime() for call in self.clock.getDelayedCalls()]
            due = min(calls, default=float("inf"))
            if due > until:
                break
            self._arrive(due)
        self._arrive(until)

    def _arrive(self, when: float) -> None:
        """Go there exactly: sums of floating-point seconds may fall short of a call by less than a clock can tell."""
        self.clock.rightNow = max(when, self.clock.rightNow)
        self.clock.advance(0)


def cost(kind: Kind, data: bytes) -> int:
    """Bytes on the wire inside the tunnel: carrier, UDP and IPv4 headers with the message."""
    parts = split(data, IPv4Address(0), 0, 0, kind=kind)
    return sum(IP_UDP_BYTES + len(encode_part(part)) for part in parts)


def announcement(source: IPv4Address = ME, payload: bytes = b"join us", port: int = 6000) -> Frame:
    """What a game repeats."""
    return canonical(udp(source, payload=payload, destination_port=port))


def times_seen(world: World, member: IPv4Address, frame: Frame) -> list[float]:
    """When this member's card got it."""
    data = write_frame(frame)
    return [when for when, _, each in world.members[member].seen if each == data]


def play(world: World, frame: Frame, gaps: Collection[float], sender: IPv4Address = ME) -> list[float]:
    """Announce, with these seconds before each; when that was."""
    sent = []
    for gap in gaps:
        world.run(gap)
        world.announce(sender, frame)
        sent.append(world.clock.seconds())
        world.run(0)
    return sent
