"""Guests on the LAN plane: three members' planes joined in memory, a guest behind the first."""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import IPv4Address
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.lan_guests import LanGuests
from lanrage.app.lan_interest import LanInterest
from lanrage.app.lan_stages import LanPart, Plane
from lanrage.core.interest import UNKNOWN
from lanrage.core.lan_frames import Frame, Udp
from lanrage.core.lan_limits import ARRIVALS_BURST, GAME_BURST, LanLimits
from lanrage.errors import MissingRight
from lanrage.wire.frames import HOPS, Kind, Part, decode_part, encode_part
from lanrage.wire.packets import read_frame, write_ipv4
from tests.fakes_guests import MemorySide
from tests.joined_planes import Datagram, Room, Sockets

GUEST, SECOND = IPv4Address("10.66.0.254"), IPv4Address("10.66.0.253")
BROADCAST = IPv4Address("10.66.0.255")
PORT = 6000


def packet(source: IPv4Address = GUEST, payload: bytes = b"hello", **changes: Any) -> bytes:
    """What a guest's device sends to all."""
    fields: dict[str, Any] = {"destination": BROADCAST, "source_port": 5000, "destination_port": PORT} | changes
    return write_ipv4(Udp(source=source, payload=payload, **fields))


class GuestCase(SynchronousTestCase):
    """The guest is served by the first of three."""

    def setUp(self) -> None:
        """All listen at one port."""
        self.sides: dict[int, MemorySide] = {}

        def parts(room: Room, plane: Plane, sockets: Sockets) -> Collection[LanPart]:
            plane.incoming.admit = LanLimits().incoming
            side = self.sides[int(plane.lan.address) & 0xFF] = MemorySide()
            interest = LanInterest(
                plane,
                room.clock,
                lambda fresh: sockets.look(fresh) if not plane.incoming.hears_all() else UNKNOWN,
                int(plane.lan.address),
            )
            return [interest, LanGuests(plane, side, int(plane.lan.address))]

        self.room = Room(self, 3, parts)
        self.first, self.second, self.third = self.room.guests
        self.side = self.sides[1]
        for member in self.room.guests:
            member.sockets.listen(PORT)
            member.plane.set_guests({GUEST: self.first.address})
        part = self.first.plane.part(LanGuests)
        assert part is not None
        self.part = part
        self.part.serve(frozenset({GUEST}))
        self.room.run(3.0, 0.25)

    def says(self, data: bytes) -> None:
        """The guest's packet comes out of the tunnel device."""
        assert self.side.receive is not None
        self.side.receive(data)
        self.room.deliver()

    def shown(self, guest: IPv4Address = GUEST) -> list[tuple[str, str, int, bytes]]:
        """(source, destination, port, payload) of what the guest was sent since the last call."""
        found = []
        for to, data in self.side.sent:
            read = read_frame(bytes(12) + b"\x08\x00" + data)
            assert isinstance(read, Frame)
            assert isinstance(read.content, Udp)
            if to == guest:
                content = read.content
                found.append((str(content.source), str(content.destination), content.destination_port, content.payload))
        self.side.sent.clear()
        return found


class HeardTests(GuestCase):
    """What a guest says to all."""

    def test_everybody(self) -> None:
        """Each member's card gets it once, in the guest's name, the serving member's too; the guest does not."""
        self.says(packet())
        for member in self.room.guests:
            self.assertEqual([(GUEST, PORT, b"hello")], member.heard())
        self.assertEqual([], self.side.sent)
        self.assertEqual(1, self.first.plane.counters()["guest_heard"])

    def test_interest(self) -> None:
        """Members who have no use for it are spared."""
        self.third.sockets.listen(7)
        self.room.run(4.0, 0.25)
        self.says(packet())
        self.assertEqual([], self.third.heard())
        self.assertEqual(1, len(self.second.heard()))

    def test_other_guest(self) -> None:
        """Another guest of the same member hears it."""
        self.part.serve(frozenset({GUEST, SECOND}))
        self.says(packet())
        self.assertEqual([(str(GUEST), str(SECOND), PORT, b"hello")], self.shown(SECOND))

    @given(st.binary(max_size=60) | st.binary(max_size=20).map(lambda tail: packet()[:20] + tail))
    @settings(max_examples=60, deadline=None)
    def test_hostile_bytes(self, data: bytes) -> None:
        """No bytes raise, and none that are no datagram of the guest's to all come in."""
        before = self.first.plane.counters()["guest_heard"]
        assert self.side.receive is not None
        self.side.receive(data)
        self.assertEqual(before, self.first.plane.counters()["guest_heard"])

    def test_refused(self) -> None:
        """Another's source, a single machine, a service's port, and a guest that is served no more."""
        for data in (
            packet(SECOND),
            packet(self.second.address),
            packet(destination=self.second.address),
            packet(destination_port=53),
        ):
            self.says(data)
        self.part.serve(frozenset({SECOND}))
        self.says(packet())
        for member in self.room.guests:
            self.assertEqual([], member.heard())

    def test_flood(self) -> None:
        """A guest that sends without an end costs the members no more than one of them may."""
        assert self.side.receive is not None
        for number in range(int(ARRIVALS_BURST) + 100):
            self.side.receive(packet(payload=b"%d" % number))
        counters = self.first.plane.counters()
        self.assertLessEqual(counters["guest_heard"], GAME_BURST)
        self.assertGreater(counters["guest_shed"], 3000)


class NameTests(GuestCase):
    """Who may say something in a guest's name."""

    def frame_of(self, origin: IPv4Address, hops: int = HOPS) -> bytes:
        """A carried frame of the guest, as the serving member sends it."""
        self.side.receive(packet())  # type: ignore[misc]
        self.room.collect()
        carried = [decode_part(each.data) for each in self.room.wire if each.to == self.third.address]
        self.room.wire.clear()
        (part,) = [each for each in carried if each.kind is Kind.FRAME]
        self.first.heard()
        return encode_part(Part(origin, part.nonce, part.sequence, part.part, part.parts, part.body, hops, part.kind))

    def test_serving_member_alone(self) -> None:
        """Another member is refused, and so is the serving one with a hop too many, or for a guest that is none."""
        for source, data in (
            (self.second.address, self.frame_of(GUEST)),
            (self.first.address, self.frame_of(GUEST, HOPS + 1)),
            (self.first.address, self.frame_of(SECOND)),
        ):
            self.room.give(Datagram(source, self.third.address, data))
            self.assertEqual([], self.third.heard())
        self.assertEqual(3, self.third.plane.counters()["dropped_origin"])
        self.room.give(Datagram(self.first.address, self.third.address, self.frame_of(GUEST)))
        self.assertEqual([(GUEST, PORT, b"hello")], self.third.heard())

    def test_dismissed(self) -> None:
        """From the moment that the guest is none, its frames are refused."""
        data = self.frame_of(GUEST)
        self.third.plane.set_guests({})
        self.room.give(Datagram(self.first.address, self.third.address, data))
        self.assertEqual([], self.third.heard())

    def test_member_gone(self) -> None:
        """A guest of one who is no member any more is none."""
        data = self.frame_of(GUEST)
        self.third.plane.set_members([self.second.address, self.third.address])
        self.room.give(Datagram(self.first.address, self.third.address, data))
        self.assertEqual([], self.third.heard())


class ShownTests(GuestCase):
    """What a guest hears."""

    def test_all(self) -> None:
        """Members' broadcasts and those of the serving machine, with their sources, to the guest's own address."""
        for member in self.room.guests:
            member.send(destination_port=PORT)
        self.room.deliver()
        self.assertEqual(
            sorted(str(member.address) for member in self.room.guests), sorted(source for source, *_ in self.shown())
        )

    def test_fields(self) -> None:
        """The destination alone is another one."""
        self.second.send(destination_port=PORT, payload=b"lobby")
        self.room.deliver()
        self.assertEqual([(str(self.second.address), str(GUEST), PORT, b"lobby")], self.shown())

    def test_unheard_port(self) -> None:
        """The serving node wants all, since nobody knows what a guest listens to; without guests it does not."""
        self.second.send(destination_port=4242)
        self.room.deliver()
        self.assertEqual(1, len(self.shown()))
        self.part.serve(frozenset())
        self.room.run(4.0, 0.25)
        self.second.send(destination_port=4243)
        self.room.collect()
        self.assertNotIn(self.first.address, [each.to for each in self.room.wire if is_frame(each)])

    def test_silent_guest(self) -> None:
        """A guest that never called gets nothing, and is counted."""
        self.side.deaf.add(GUEST)
        self.second.send(destination_port=PORT)
        self.room.deliver()
        self.assertEqual(1, self.first.plane.counters()["guest_unsent"])

    def test_broken(self) -> None:
        """Where the device cannot be used, nobody is served."""
        self.part.serve(frozenset())
        self.side.broken = MissingRight("no right")
        with self.assertRaises(MissingRight):
            self.part.serve(frozenset({GUEST}))
        self.assertEqual(frozenset(), self.part.guests)
        self.assertFalse(self.first.plane.incoming.hears_all())

    def test_stop(self) -> None:
        """With the plane ends the device's use."""
        self.first.plane.stopService()
        self.assertFalse(self.side.is_open)


def is_frame(datagram: Datagram) -> bool:
    """Whether a frame is carried by it."""
    return decode_part(datagram.data).kind is Kind.FRAME
