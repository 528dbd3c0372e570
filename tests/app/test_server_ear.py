"""Servers heard in what whole LAN planes carry, joined in memory, with interest and leases."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from ipaddress import IPv4Address

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.lan_interest import LanInterest
from lanrage.app.lan_leases import LanLeases
from lanrage.app.lan_stages import LanPart, Plane
from lanrage.app.server_ear import ALL_BURST, READ_BURST, READ_RATE, Reads, ServerEar
from lanrage.core.game_server import ServerFacts
from lanrage.core.interest_talk import CLOSED_SECONDS
from lanrage.core.lan_frames import Frame, Udp
from lanrage.errors import DecodeError
from lanrage.wire.games import FORMATS
from lanrage.wire.packets import read_frame
from tests.joined_planes import Room, Sockets
from tests.strategies_lan import GROUP, PEER, beacon

MINECRAFT = b"[MOTD]Ana - New World[/MOTD][AD]51234[/AD]"
WORLD = FORMATS["minecraft-lan"].read(MINECRAFT, 40000)
GROUPS = frozenset({GROUP})


def parts(room: Room, plane: Plane, sockets: Sockets) -> Collection[LanPart]:
    """As a real plane has them."""
    epoch = int(plane.lan.address)
    return [LanInterest(plane, room.clock, sockets.look, epoch), LanLeases(room.clock, plane, epoch)]


class EarTests(SynchronousTestCase):
    """Two members; the second hears."""

    def setUp(self) -> None:
        self.room = Room(self, 2, parts)
        self.ana, self.ben = self.room.guests
        self.heard: list[tuple[IPv4Address, int, ServerFacts]] = []
        self.fresh: list[bool] = []
        self.ear = self.listening(FORMATS)

    def hear(self, origin: IPv4Address, port: int, facts: ServerFacts, fresh: bool) -> None:
        """The ear tells."""
        self.heard.append((origin, port, facts))
        self.fresh.append(fresh)

    def listening(self, formats: Mapping[str, Reads]) -> ServerEar:
        """An ear at the second member."""
        ear = ServerEar(formats, self.hear)
        ear.attach(self.ben.plane, GROUPS)
        self.addCleanup(ear.detach)
        self.room.run(CLOSED_SECONDS + 1.0)
        return ear

    def announce(self, payload: bytes = MINECRAFT) -> None:
        """A world is open at the first member."""
        self.ana.send(source_port=40000, destination=GROUP, destination_port=4445, payload=payload)

    def test_announcement(self) -> None:
        """It is heard although no game waits for it here, with the sender's party address and source port."""
        self.announce()
        self.room.deliver()
        self.assertEqual([(self.ana.address, 40000, WORLD)], self.heard)

    def test_detached(self) -> None:
        """Nothing is heard, and the members send it no more."""
        self.ear.detach()
        self.room.run(2 * CLOSED_SECONDS + 1.0)
        self.announce()
        self.room.deliver()
        self.assertEqual(([], []), (self.heard, self.ben.heard()))

    def test_leases(self) -> None:
        """What a lease repeats here counts as heard: each of thirty announcements once, few of them carried."""
        for _ in range(30):
            self.announce()
            self.room.run(1.5)
        self.assertTrue(29 <= len(self.heard) <= 31, len(self.heard))
        self.assertLess(self.ana.plane.counters()["forwarded_packets"], 10)
        self.assertEqual((True, False), (self.fresh[0], self.fresh[-1]))
        self.assertLess(sum(self.fresh), 10, "only what was carried just now is fresh")
        self.room.run(10.0)
        self.assertTrue(len(self.heard) <= 33, "the lease ends with the announcements")

    def test_own(self) -> None:
        """A server of this machine is heard, too."""
        self.ben.send(source_port=40000, destination=GROUP, destination_port=4445, payload=MINECRAFT)
        self.assertEqual(([(self.ben.address, 40000, WORLD)], [True]), (self.heard, self.fresh))

    def test_all_together(self) -> None:
        """However many members send ever new announcements, only so many are read; known ones cost none of that."""
        content = Udp(self.ana.address, GROUP, 40000, 4445, MINECRAFT, 1)
        formats = self.ear._at[4445]
        for member in range(10):
            for number in range(50):
                payload = MINECRAFT + b"%d %d" % (member, number)
                made = attrs.evolve(content, payload=payload)
                self.ear._take(made, formats, IPv4Address(f"10.9.0.{member + 1}"), 0.0, True)
        self.assertEqual((ALL_BURST, 500 - ALL_BURST), (self.ear.counters.read, self.ear.counters.shed))

    def test_other_ports(self) -> None:
        """Nothing else is looked at."""
        self.ana.send(source_port=40000, destination=GROUP, destination_port=4446, payload=MINECRAFT)
        self.room.deliver()
        self.assertEqual(([], 0), (self.heard, self.ear.counters.read))

    def test_broken(self) -> None:
        """What cannot be read is counted by format, and no more is."""
        self.announce(b"[MOTD]x[/MOTD][AD]no port[/AD]")
        self.announce(b"hello")
        self.room.deliver()
        self.assertEqual([], self.heard)
        self.assertLessEqual(self.ear.counters.broken.total(), 1)


class Failing:
    """A format with a bug, or that finds all broken."""

    announced_at = (4445,)

    def __init__(self, name: str, error: Exception) -> None:
        self.name, self.error = name, error

    def read(self, payload: bytes, source_port: int) -> ServerFacts | None:
        """Never comes to an end."""
        raise self.error


class Noting:
    """A format that reads all, and notes how often."""

    name, announced_at = "noting", (4445,)

    def __init__(self) -> None:
        self.reads = 0

    def read(self, payload: bytes, source_port: int) -> ServerFacts | None:
        """A server of the payload's name."""
        self.reads += 1
        return ServerFacts("noting", payload.hex(), source_port)


def frame(payload: bytes, source_port: int = 40000) -> Frame:
    """A frame of the member."""
    made = read_frame(beacon(destination=GROUP, destination_port=4445, payload=payload, source_port=source_port))
    assert isinstance(made, Frame)
    return made


class BoundTests(SynchronousTestCase):
    """A hostile member."""

    def setUp(self) -> None:
        self.room = Room(self, 1, lambda *_: ())
        self.heard: list[ServerFacts] = []

    def ear(self, *formats: Reads, answered_from: dict[str, tuple[int, ...]] | None = None) -> ServerEar:
        """At the plane of the room."""
        made = ServerEar(
            {each.name: each for each in formats}, lambda *heard: self.heard.append(heard[2]), answered_from or {}
        )
        made.attach(self.room.guests[0].plane)
        return made

    def test_flood(self) -> None:
        """So many are read of one member and no more; others are read all the same."""
        noting = Noting()
        ear = self.ear(noting)
        for number in range(1000):
            ear.received(frame(b"%d" % number), PEER)
        ear.received(frame(b"other"), IPv4Address("10.66.0.9"))
        self.assertEqual((READ_BURST + 1, 1000 - READ_BURST), (noting.reads, ear.counters.shed))
        self.room.clock.advance(1.0)
        for number in range(1000):
            ear.received(frame(b"later %d" % number), PEER)
        self.assertEqual(READ_BURST + 1 + READ_RATE, noting.reads)

    def test_the_same_again(self) -> None:
        """Is read once; from another port it is another server."""
        noting = Noting()
        ear = self.ear(noting)
        for port in (1000, 1000, 1001, 1000):
            ear.received(frame(b"same", port), PEER)
        self.assertEqual((2, [1000, 1000, 1001, 1000]), (noting.reads, [each.port for each in self.heard]))

    def test_answers(self) -> None:
        """A broadcast answer counts by the port that it is from."""
        ear = self.ear(Noting(), answered_from={"noting": (27960,)})
        answer = read_frame(beacon(source_port=27960, destination_port=5000, payload=b"x"))
        assert isinstance(answer, Frame)
        ear.received(answer, PEER)
        self.assertEqual(1, len(self.heard))

    def test_bugs(self) -> None:
        """A format that fails is counted each time and logged once; the next one gets its turn."""
        ear = self.ear(Failing("broken", DecodeError("broken")), Failing("buggy", RuntimeError("a bug")), Noting())
        for number in range(3):
            ear.received(frame(b"%d" % number), PEER)
        self.assertEqual(3, len(self.heard))
        self.assertEqual(1, len(self.flushLoggedErrors(RuntimeError)))
        self.assertEqual({"broken": 3, "buggy": 3}, dict(ear.counters.broken))

    @settings(max_examples=60)
    @given(st.binary(max_size=200), st.sampled_from([port for each in FORMATS.values() for port in each.announced_at]))
    def test_any_bytes(self, payload: bytes, port: int) -> None:
        """Whatever a member sends to a known port: no error comes out."""
        ear = ServerEar(FORMATS, lambda *heard: self.heard.append(heard[2]))
        ear.attach(self.room.guests[0].plane)
        made = read_frame(beacon(destination_port=port, payload=payload))
        assert isinstance(made, Frame)
        ear.received(made, PEER)
        ear.detach()
