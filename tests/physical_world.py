"""Members' LAN planes in memory, joined by a tunnel in memory, with physical networks beside it."""

from __future__ import annotations

import hashlib
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from lanrage.app.lan import LanPlane
from lanrage.app.lan_bridge import LanBridge
from lanrage.app.lan_neighbours import LanNeighbours
from lanrage.core.lan_frames import Frame, destination_mac
from lanrage.core.links import LocalAddress
from lanrage.wire.packets import write_frame
from tests.fakes_lan import MemoryCapture, MemoryCard, MemoryPort
from tests.fakes_links import MemoryEvents
from tests.fakes_physical import MemoryMakers, MemoryNeighbourPort, MemorySwitch
from tests.strategies_lan import NETWORK, udp

INDEX = 4
HOME = IPv4Network("192.168.1.0/24")


def pair_key(one: IPv4Address, other: IPv4Address) -> bytes:
    """A key of a pair."""
    return hashlib.blake2s(b"".join(each.packed for each in sorted((one, other)))).digest()


class MemberHost:
    """One member's machine.

    :param number: the last byte of its addresses.
    """

    def __init__(self, clock: Clock, number: int, switch: MemorySwitch) -> None:
        self.clock, self.address = clock, NETWORK[number]
        self.real = LocalAddress("eth0", INDEX, HOME[10 + number], HOME, True)
        self.cards = [self.real]
        self.card, self.port, self.capture = MemoryCard(), MemoryPort(), MemoryCapture()
        self.events, self.near_port, self.makers = MemoryEvents(), MemoryNeighbourPort(switch), MemoryMakers()
        self.neighbours: LanNeighbours
        self.bridge: LanBridge
        self.plane = LanPlane(
            clock,
            self.card,
            self.port,
            IPv4Interface(f"{self.address}/24"),
            number,
            own_addresses=self.own,
            capture=self.capture,
            parts=self._parts,
        )
        self.plane.pair_key = lambda other: pair_key(self.address, other)

    def _parts(self, plane: object) -> tuple[LanNeighbours, LanBridge]:
        made: LanPlane = plane  # type: ignore[assignment]
        numbers = iter(range(1, 10**6))

        def random(size: int) -> bytes:
            return hashlib.blake2s(f"{self.address} {next(numbers)}".encode(), digest_size=size).digest()

        self.neighbours = LanNeighbours(self.clock, made, self.near_port, self.events, self.own, random)
        self.bridge = LanBridge(self.clock, made, self.neighbours, self.own, self.makers)
        return self.neighbours, self.bridge

    async def own(self) -> list[LocalAddress]:
        """The addresses of the cards now."""
        return self.cards

    def announce(self, text: bytes) -> None:
        """A game on this machine sends to all by the real card."""
        assert self.capture.receive is not None
        everybody = IPv4Address("255.255.255.255")
        self.capture.receive(
            INDEX,
            write_frame(Frame(destination_mac(everybody), bytes(6), udp(self.real.address, everybody, payload=text))),
        )


class Party:
    """Members, whose tunnel carries at once."""

    def __init__(self, *switches: MemorySwitch) -> None:
        self.clock = Clock()
        self.hosts = [MemberHost(self.clock, number + 1, switch) for number, switch in enumerate(switches)]

    def start(self) -> list[Deferred[None]]:
        """All planes run, and know each other."""
        started = [host.plane.startService() for host in self.hosts]
        for host in self.hosts:
            host.plane.set_members([other.address for other in self.hosts if other is not host])
        return started

    def stop(self) -> list[Deferred[None]]:
        """None runs any more."""
        return [host.plane.stopService() for host in self.hosts]

    def carry(self) -> None:
        """The tunnel delivers what was sent, until nothing is on its way."""
        by_address = {str(host.address): host for host in self.hosts}
        while any(host.port.sent for host in self.hosts):
            for host in self.hosts:
                sent, host.port.sent = host.port.sent, []
                for to, payload in sent:
                    receive = by_address[to].port.receive
                    if receive is not None:
                        receive(payload, str(host.address))

    def pass_time(self, seconds: float) -> None:
        """In steps of half a second."""
        for _ in range(round(seconds * 2)):
            self.clock.advance(0.5)
            self.carry()
