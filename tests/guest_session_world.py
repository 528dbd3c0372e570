"""A session's guests in memory, with all parts that they need."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from lanrage.app.guarding import Guarding
from lanrage.app.guest_session import GuestPlaces, SessionGuests
from lanrage.app.lan_guests import LanGuests
from lanrage.core.cut_off import CutOff
from lanrage.core.exposure import Exposure
from lanrage.core.party_guests import Guest
from lanrage.core.play_ports import PlayPorts
from lanrage.errors import LanrageError
from tests.fakes_control import node_keys
from tests.fakes_guard import MemoryGuard
from tests.fakes_guests import MemoryChannel, MemorySide, MemorySource
from tests.fakes_links import MemoryMachine, MemoryTunnel, MemoryWorld
from tests.joined_planes import Room
from tests.strategies_guests import GUEST_KEYS, NETWORK

ME, BEN = (node_keys(name).identity.public for name in ("me", "ben"))
HOME, BENS = IPv4Address("10.66.0.1"), IPv4Address("10.66.0.2")


@attrs.define
class Certified:
    """As much of a member's link as guests need."""

    ip: IPv4Address
    revoked: bool = False

    @property
    def member(self) -> Certified:
        """Itself."""
        return self

    @property
    def certificate(self) -> Certified:
        """Itself."""
        return self


@attrs.define
class MemoryLinks:
    """See :class:`lanrage.app.links.Links`."""

    peers: dict[bytes, Certified] = attrs.field(factory=dict)
    guests: dict[bytes, tuple[IPv4Address, ...]] = attrs.field(factory=dict)
    machine: MemoryMachine = attrs.field(factory=MemoryMachine)
    cut_off: CutOff = attrs.field(factory=CutOff)

    async def set_guests(self, guests: dict[bytes, tuple[IPv4Address, ...]]) -> None:
        """See :meth:`Links.set_guests`."""
        before, self.guests = self.guests, guests
        routed = {each for some in guests.values() for each in some}
        for gone in {each for some in before.values() for each in some} - routed:
            await self.machine.remove_member_route(gone, "wg-test")
        for each in routed:
            await self.machine.add_member_route(each, "wg-test", HOME)


class StuckTunnel(MemoryTunnel):
    """One that does not always do as it is told.

    :ivar stuck: keys of peers that cannot be removed.
    """

    stuck: frozenset[bytes] = frozenset()

    async def remove_peer(self, public_key: bytes) -> None:
        """See :class:`ITunnel`."""
        if public_key in self.stuck:
            raise LanrageError("the device is busy")
        await super().remove_peer(public_key)


class World:
    """A session's parts, with Ben as the other member."""

    def __init__(self, exposure: Exposure = Exposure.GUARDED) -> None:
        self.clock = Clock()
        self.source = MemorySource(self.clock.seconds)
        self.side = MemorySide()
        self.room = Room(None, 1, lambda room, plane, sockets: [LanGuests(plane, self.side, 1)])
        self.plane = self.room.guests[0].plane
        self.machine = MemoryMachine()
        self.links = MemoryLinks({BEN: Certified(BENS)}, machine=self.machine)
        self.tunnel = StuckTunnel(MemoryWorld(), "wg-test")
        now(self.tunnel.create(b"k" * 32, 0, 1280))
        self.guard = MemoryGuard()
        self.guarding = Guarding(exposure, PlayPorts(), self.guard)
        now(self.guarding.start())
        self.channel = MemoryChannel()
        parts: Any = (self.tunnel, self.machine, self.links, self.plane, self.guarding, self.channel)
        places = GuestPlaces(ME, HOME, *parts)
        self.again = self.look
        self.guests = SessionGuests(self.clock, self.source, places, self.look_again)

    def look_again(self) -> None:
        """What a session is asked to do, unless a test has it do something else."""
        self.again()

    def look(self) -> None:
        """Follow."""
        now(self.guests.follow())

    @property
    def peers(self) -> dict[bytes, tuple[Any, ...]]:
        """What WireGuard lets in, by key."""
        return {key: peer.allowed for key, peer in now(self.tunnel.status()).peers.items()}

    def close(self) -> None:
        """Nothing may be left in the clock."""
        now(self.guests.stop())
        now(self.links.set_guests({}))  # what goes through members is the links' to take away
        assert (self.peers, self.machine.routes) == ({}, {})
        assert not self.clock.getDelayedCalls()
        assert (self.channel.extras, self.source.dismissals.running) == ([], False)
        self.room.close()


def now(work: Any) -> Any:
    """The result of what waits for nothing."""
    results: list[Any] = []
    Deferred.fromCoroutine(work).addBoth(results.append)
    if isinstance(results[0], Failure):
        results[0].raiseException()
    return results[0]


def made(number: int, server: bytes = ME, life: int = 100) -> Guest:
    """A guest; the clock begins at 0."""
    return Guest(GUEST_KEYS[number], f"guest {number}", NETWORK[254 - number], server, life, ME)
