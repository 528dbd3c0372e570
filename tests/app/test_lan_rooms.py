"""Rooms beside the LAN card: what each hears, what is carried from there, and that none is left open."""

from __future__ import annotations

from ipaddress import IPv4Interface

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.lan import LanPlane
from lanrage.app.lan_rooms import Room, Rooms
from lanrage.core import frame_rules
from lanrage.wire.packets import write_frame
from tests.fakes_lan import MemoryCard, MemoryPort
from tests.fakes_rooms import MemoryRoom
from tests.strategies_lan import ME, PEER, beacon, udp

ROOM = 9


class RoomsTests(SynchronousTestCase):
    """The rooms alone."""

    def setUp(self) -> None:
        """Two rooms."""
        self.card = MemoryCard()
        self.rooms = Rooms(self.card.write)
        self.closed: list[str] = []
        self.one, self.two = MemoryRoom(), MemoryRoom()
        self.rooms.add(self.one, lambda: self.closed.append("one"))
        self.rooms.add(self.two, lambda: self.closed.append("two"))

    def remove(self, room: Room) -> None:
        """Close one."""
        self.successResultOf(Deferred.fromCoroutine(self.rooms.remove(room)))

    def test_all_hear(self) -> None:
        """A frame reaches the card and each room; it is taken where one of them took it."""
        self.assertTrue(self.rooms.write(b"frame"))
        self.assertEqual([self.card.written, self.one.written, self.two.written], [[b"frame"]] * 3)
        self.card.full = self.two.full = True
        self.assertTrue(self.rooms.write(b"frame"))
        self.one.full = True
        self.assertFalse(self.rooms.write(b"frame"))

    def test_changes_are_told(self) -> None:
        """Who follows the rooms hears of each that opens or closes, when it counts already."""
        counts: list[int] = []
        self.rooms.on_change.append(lambda: counts.append(len(self.rooms)))
        self.rooms.add(MemoryRoom(), lambda: None)
        self.remove(self.one)
        self.remove(self.one)
        self.assertEqual(counts, [3, 2])

    def test_remove(self) -> None:
        """One that is removed hears nothing more; it is closed and told of once."""
        self.remove(self.one)
        self.remove(self.one)
        self.rooms.write(b"frame")
        self.assertEqual((self.one.written, self.one.closed, self.closed, len(self.rooms)), ([], 1, ["one"], 1))

    def test_close(self) -> None:
        """All are closed, whatever one of them says."""
        self.one.fails_to_close = OSError("no")
        self.successResultOf(Deferred.fromCoroutine(self.rooms.close()))
        self.assertEqual((self.one.closed, self.two.closed, self.closed, len(self.rooms)), (1, 1, ["one", "two"], 0))
        self.assertEqual(len(self.flushLoggedErrors(OSError)), 1)


class PlaneTests(SynchronousTestCase):
    """A plane with a room."""

    def setUp(self) -> None:
        """With one other member."""
        self.start()

    def start(self, carries: bool = True) -> None:  # pylint: disable=attribute-defined-outside-init  # by setUp, too
        """The same, again."""
        self.card, self.port, self.room = MemoryCard(), MemoryPort(), MemoryRoom()
        self.clock = Clock()
        self.plane = LanPlane(self.clock, self.card, self.port, IPv4Interface("10.66.0.1/24"), 7, carries=carries)
        self.successResultOf(self.plane.startService())
        self.plane.set_members([PEER])
        self.plane.rooms.add(self.room, lambda: None)

    def test_heard(self) -> None:
        """What a member sent is written to the card and to the room; it counts once."""
        frame = beacon()
        self.assertTrue(self.plane.inject(frame, PEER))
        self.assertEqual((self.card.written, self.room.written), ([frame], [frame]))
        self.assertEqual(self.plane.counters()["injected_packets"], 1)

    def test_carried(self) -> None:
        """What the game sent is carried as from the card, its checksum finished; not unless the plane carries."""
        sent = bytearray(write_frame(frame_rules.canonical(udp(ME))))
        sent[40] ^= 0xFF  # of UDP: a virtual card leaves it to the next one
        for carries in (True, False):
            self.start(carries)
            self.plane.frame_from_room(ROOM, bytes(sent))
            self.assertEqual(len(self.port.sent), int(carries))
        self.start()
        self.plane.frame_from_card(bytes(sent))
        self.assertEqual((self.port.sent, self.plane.counters()["dropped_checksum"]), ([], 1))

    def test_both_cards(self) -> None:
        """A game in the room and one on the machine that say the same at once are two cards' copies of one datagram."""
        frame = write_frame(frame_rules.canonical(udp(ME)))
        self.plane.frame_from_room(ROOM, frame)
        self.plane.frame_from_room(ROOM, frame)
        self.plane.frame_from_card(frame)
        self.assertEqual(len(self.port.sent), 2)

    def test_stop(self) -> None:
        """A plane that stops closes its rooms."""
        self.successResultOf(self.plane.stopService())
        self.assertEqual(self.room.closed, 1)
