"""Several LAN planes in one process, joined by a network in memory that may lose, repeat and reorder."""

from __future__ import annotations

from collections.abc import Callable, Collection
from ipaddress import IPv4Address, IPv4Interface

import attrs
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.lan import LanPlane
from lanrage.app.lan_stages import LanPart, Plane
from lanrage.core.interest import Opened
from lanrage.core.lan_frames import Address, Frame, Udp
from lanrage.wire.packets import read_frame
from tests.fakes_lan import MemoryCard, MemoryPort
from tests.strategies_lan import NETWORK, beacon


@attrs.define
class Sockets:
    """What is open on a machine, as the test says.

    :ivar looks: how often it was looked at.
    """

    opened: Opened = Opened()
    looks: int = 0

    def look(self, fresh: bool = False) -> Opened:
        """See :meth:`lanrage.net.openings.Openings.look`."""
        del fresh
        self.looks += 1
        return self.opened

    def listen(self, *ports: int, groups: Collection[IPv4Address] = ()) -> None:
        """Exactly these are open; the inode is the port's number."""
        self.opened = Opened(frozenset((port, port) for port in ports), frozenset(groups))


@attrs.define
class Datagram:
    """On its way."""

    source: IPv4Address
    to: IPv4Address
    data: bytes


@attrs.define(eq=False)
class Guest:
    """One member's machine."""

    address: IPv4Address
    plane: LanPlane
    card: MemoryCard
    port: MemoryPort
    sockets: Sockets

    def send(self, **changes: object) -> None:
        """A game here sends a broadcast."""
        assert self.card.receive is not None
        self.card.receive(beacon(source=self.address, **changes))

    def heard(self) -> list[tuple[Address, int, bytes]]:
        """(source, destination port, payload) of what came in by the card since the last call."""
        frames = [read_frame(written) for written in self.card.written]
        self.card.written.clear()
        contents = [frame.content for frame in frames if isinstance(frame, Frame)]
        return [(each.source, each.destination_port, each.payload) for each in contents if isinstance(each, Udp)]


Parts = Callable[["Room", Plane, Sockets], Collection[LanPart]]


class Room:
    """Members from 10.66.0.1 on, each with a plane that has these parts."""

    def __init__(self, case: SynchronousTestCase | None, count: int, parts: Parts) -> None:
        self.clock = Clock()
        self.wire: list[Datagram] = []
        self.guests = [self._guest(IPv4Address(f"10.66.0.{number + 1}"), parts) for number in range(count)]
        addresses = [guest.address for guest in self.guests]
        for guest in self.guests:
            guest.plane.startService()
            guest.plane.set_members(addresses)
        if case is not None:
            case.addCleanup(self.close)

    def _guest(self, address: IPv4Address, parts: Parts) -> Guest:
        card, port, sockets = MemoryCard(), MemoryPort(), Sockets()
        plane = LanPlane(
            self.clock,
            card,
            port,
            IPv4Interface(f"{address}/{NETWORK.prefixlen}"),
            int(address),
            parts=lambda made: parts(self, made, sockets),
        )
        return Guest(address, plane, card, port, sockets)

    def collect(self) -> None:
        """What was sent is on the wire."""
        for guest in self.guests:
            self.wire += [Datagram(guest.address, IPv4Address(to), data) for to, data in guest.port.sent]
            guest.port.sent.clear()

    def give(self, datagram: Datagram) -> None:
        """It arrives."""
        for guest in self.guests:
            if guest.address == datagram.to and guest.port.receive is not None:
                guest.port.receive(datagram.data, str(datagram.source))

    def deliver(self) -> None:
        """All arrives in order, and what is sent because of it."""
        self.collect()
        while self.wire:
            self.give(self.wire.pop(0))
            self.collect()

    def run(self, seconds: float, step: float = 0.05) -> None:
        """Time passes, with a network that loses nothing."""
        for _ in range(round(seconds / step)):
            self.clock.advance(step)
            self.deliver()

    def close(self) -> None:
        """Stop all; nothing may be left in the clock."""
        for guest in self.guests:
            guest.plane.stopService()
        assert not self.clock.getDelayedCalls(), self.clock.getDelayedCalls()
