"""The node's part of ``lanrage run``: whose namespaces it takes, when, and that card and connection end together."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Coroutine
from ipaddress import IPv4Address, IPv4Interface
from typing import Any, cast

import attrs
import pytest
from twisted.internet.defer import Deferred, DeferredLock, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.caller import Caller
from lanrage.app.lan import LanPlane
from lanrage.app.party_life import PartyLife
from lanrage.app.room_node import RoomNode
from lanrage.core.mapping import Gateway
from lanrage.core.room import RoomPlan
from lanrage.errors import BadInput, LanrageError, MissingRight, Refused, Unreachable
from tests.fakes_lan import MemoryCard, MemoryPort
from tests.fakes_rooms import MemoryRoom
from tests.namespaces import Namespace
from tests.strategies_lan import PEER, beacon

ADDRESS = IPv4Interface("10.66.0.1/24")
ROOM = {"device": "eth0", "address": "10.66.0.1/24", "mtu": 1280, "gateway": ""}
CLONE_NEWUSER_NET = 0x50000000


@attrs.define
class Machine:
    """One with a default route, or without."""

    gateway: Gateway | None = None

    def default_gateway(self) -> Deferred[Gateway | None]:
        """See :meth:`lanrage.interfaces.IMachine.default_gateway`."""
        return succeed(self.gateway)


@attrs.define
class Life:
    """A party that this machine takes part in, or not: session, machinery, and what a room asks of both."""

    lan: LanPlane
    taking_part: bool = True
    trouble: str = ""
    machine: Machine = attrs.field(factory=Machine)
    rooms: list[MemoryRoom] = attrs.field(factory=list)
    address: IPv4Interface = ADDRESS
    fails: Exception | None = None

    @property
    def session(self) -> Life | None:
        """Itself."""
        return self if self.taking_part else None

    @property
    def machinery(self) -> Life:
        """Itself."""
        return self

    def current(self) -> None:
        """It is in a party."""

    def room_card(self) -> MemoryRoom:
        """See :meth:`lanrage.app.machinery.Machinery.room_card`."""
        self.rooms.append(MemoryRoom(fails=self.fails))
        return self.rooms[-1]


class Node(RoomNode):
    """Has rooms, and nothing else of a node."""

    def __init__(self, life: Life) -> None:
        self.life, self.lock = life, DeferredLock()

    def _own(self) -> PartyLife:
        return cast(PartyLife, self.life)

    def _alone(self, work: Callable[[], Coroutine[Any, Any, Any]]) -> Deferred[Any]:
        return self.lock.run(work)


@pytest.mark.needs("root", "ip")
class RoomNodeTests(SynchronousTestCase):
    """One node and its callers; the namespaces are real."""

    def setUp(self) -> None:
        """In a party."""
        card, self.port = MemoryCard(), MemoryPort()
        lan = LanPlane(Clock(), card, self.port, ADDRESS, 7)
        self.successResultOf(lan.startService())
        lan.set_members([PEER])
        self.life = Life(lan)
        self.node = Node(self.life)
        self.ended: list[str] = []
        self.space = Namespace()
        self.addCleanup(self.space.close)

    def caller(self, path: str = "", user: int = 0, name: str = "") -> Caller:
        """Somebody who sends a descriptor; the one of a new network namespace unless a path is given."""
        caller = Caller(user, lambda: self.ended.append(name))
        caller.give(os.open(path or self.space.path, os.O_RDONLY))
        return caller

    def opened(self, caller: Caller, internet: bool = False) -> dict[str, Any]:
        """It has a room."""
        return self.successResultOf(self.node.open_room(internet=internet, caller=caller))

    def refused(self, kind: type[LanrageError], caller: Caller, internet: bool = False) -> str:
        """It has none; nothing is left."""
        before = set(os.listdir("/proc/self/fd"))
        failure = self.failureResultOf(self.node.open_room(internet=internet, caller=caller), kind)
        self.assertEqual(len(before) - len(os.listdir("/proc/self/fd")), 1)  # the caller's own was closed
        return str(failure.value)

    def test_open(self) -> None:
        """The room has the party's address, hears members, and is carried; the card goes with the connection."""
        caller = self.caller()
        self.assertEqual(self.opened(caller), ROOM)
        (room,) = self.life.rooms
        self.assertEqual(room.plan, RoomPlan(ADDRESS))
        assert room.receive is not None
        assert room.members is not None
        self.assertEqual(list(room.members()), [PEER])
        self.life.lan.set_members([PEER, IPv4Address("10.66.0.3")])
        self.assertEqual(len(list(room.members())), 2)
        self.life.lan.inject(beacon(), PEER)
        self.assertEqual(room.written, [beacon()])
        room.receive(beacon(source=ADDRESS.ip))
        self.assertEqual(len(self.port.sent), 2)
        caller.lost()
        self.assertEqual((room.closed, len(self.life.lan.rooms)), (1, 0))
        self.opened(self.caller())

    def test_party_ends(self) -> None:
        """With the plane the room ends, and with it the connection; its end closes nothing twice."""
        caller = self.caller(name="one")
        self.opened(caller)
        self.successResultOf(self.life.lan.stopService())
        self.assertEqual((self.life.rooms[0].closed, self.ended), (1, ["one"]))
        caller.lost()
        self.assertEqual(self.life.rooms[0].closed, 1)

    def test_gone_meanwhile(self) -> None:
        """A caller that is gone when its room is there leaves none."""
        holding = self.successResultOf(self.node.lock.acquire())
        caller = self.caller()
        opening = self.node.open_room(internet=False, caller=caller)
        caller.lost()
        holding.release()
        self.successResultOf(opening)
        self.assertEqual((self.life.rooms[0].closed, len(self.life.lan.rooms)), (1, 0))

    def test_internet(self) -> None:
        """With the internet the card of the default route is used; without one there is no room."""
        sentence = self.refused(Unreachable, self.caller(), internet=True)
        self.assertEqual(sentence, "this machine has no default route, so the room has no internet either")
        self.life.machine.gateway = Gateway(IPv4Address("192.168.1.1"), "wlan0", IPv4Address("192.168.1.20"))
        self.assertEqual(self.opened(self.caller(), True), {**ROOM, "gateway": "169.254.66.1"})
        self.assertEqual((self.life.rooms[0].outward, self.life.rooms[0].plan), ("wlan0", RoomPlan(ADDRESS, True)))

    def test_refusals(self) -> None:
        """Outside a party, beside another game, or where the card cannot be made, there is no room."""
        self.opened(self.caller())
        self.assertIn("end it first", self.refused(Refused, self.caller()))
        self.successResultOf(Deferred.fromCoroutine(self.life.lan.rooms.close()))
        self.life.fails = MissingRight("no")
        self.assertEqual(self.refused(MissingRight, self.caller()), "no")
        self.assertEqual(len(self.life.lan.rooms), 0)
        self.life.taking_part, self.life.trouble = False, "the tunnel is gone"
        self.assertEqual(self.refused(Refused, self.caller()), "the tunnel is gone")

    def test_whose(self) -> None:
        """Only a network namespace of the caller's own: not another user's, not the node's, nothing else."""
        cases = {
            "it belongs to another user": self.caller(user=1000),
            "it is the node's own network": self.caller("/proc/self/ns/net"),
            "the descriptor is no network namespace's": self.caller("/proc/self/ns/user"),
            "the descriptor is no namespace's": self.caller("/dev/null"),
        }
        for rule, caller in cases.items():
            self.assertEqual(self.refused(BadInput, caller), f"namespace: {rule}")
        self.assertEqual(self.life.rooms, [])
        caller = self.caller()
        os.close(caller.take("namespace"))
        self.assertRaises(BadInput, self.node.open_room, internet=False, caller=caller)

    def test_users_own(self) -> None:
        """A namespace that a user made by a user namespace is that user's, and nobody else's, not even root's."""
        there, done = os.pipe(), os.pipe()
        child = os.fork()
        if child == 0:
            os.setresuid(1000, 1000, 1000)
            failed = ctypes.CDLL(None).unshare(CLONE_NEWUSER_NET)
            os.write(there[1], b"n" if failed else b"y")
            os.read(done[0], 1)
            os._exit(0)
        try:
            if os.read(there[0], 1) == b"n":
                self.skipTest("a user may make no namespaces here")
            path = f"/proc/{child}/ns/net"
            self.assertIn("another user", self.refused(BadInput, self.caller(path)))
            self.assertEqual(self.opened(self.caller(path, user=1000)), ROOM)
        finally:
            os.write(done[1], b"x")
            os.waitpid(child, 0)
            for each in (*there, *done):
                os.close(each)
