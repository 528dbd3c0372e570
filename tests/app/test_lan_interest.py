"""Members tell what is open on their machines and get only that: whole planes joined in memory."""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import IPv4Address

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.lan_interest import ASK_BURST, LOOK_SECONDS, LOOKS_BURST, LanInterest
from lanrage.app.lan_stages import LanPart, Plane
from lanrage.core.interest import ASKED_SECONDS, UNKNOWN, Interest, Opened
from lanrage.core.interest_talk import CLOSED_SECONDS, REFRESH_SECONDS, Ask, Told
from lanrage.wire.frames import Kind, decode_part
from lanrage.wire.interest import decode_interest, encode_interest
from tests.joined_planes import Datagram, Room, Sockets
from tests.strategies_lan import GROUP

LOOK = LOOK_SECONDS + 0.1
"""Seconds until a look was made for certain."""


def interest(room: Room, plane: Plane, sockets: Sockets) -> Collection[LanPart]:
    """The part alone."""
    return [LanInterest(plane, room.clock, sockets.look, int(plane.lan.address))]


def silent(room: Room, plane: Plane, sockets: Sockets) -> Collection[LanPart]:
    """The part, which does not tell what is open."""
    return [LanInterest(plane, room.clock, sockets.look, int(plane.lan.address), tells=False)]


def part(room: Room, number: int) -> LanInterest:
    """Of the guest with this number, from 0."""
    found = room.guests[number].plane.part(LanInterest)
    assert found is not None
    return found


def kinds(wire: list[Datagram]) -> list[Kind]:
    """What is on its way."""
    return [decode_part(each.data).kind for each in wire]


class InterestTests(SynchronousTestCase):
    """Three members."""

    def setUp(self) -> None:
        self.room = Room(self, 3, interest)
        self.one, self.two, self.three = self.room.guests
        self.two.sockets.listen(6000)
        self.three.sockets.listen(4445, groups=[GROUP])
        self.room.run(CLOSED_SECONDS + LOOK)

    def test_only_who_wants(self) -> None:
        """A broadcast goes to the one that has its port open, a multicast to the one that has port and group."""
        self.one.send()
        self.one.send(destination=GROUP, destination_port=4445)
        self.one.send(destination_port=7777)
        self.room.deliver()
        self.assertEqual([port for _, port, _ in self.two.heard()], [6000])
        self.assertEqual([port for _, port, _ in self.three.heard()], [4445])
        self.assertEqual(self.one.plane.counters()["unwanted_packets"], 4)
        counters = self.two.plane.counters()
        self.assertEqual((counters["open_ports"], counters["open_groups"], counters["interest_refused"]), (1, 0, 0))

    def test_opened(self) -> None:
        """A socket that opens gets the next frame after one look; the hook is told at that look, once."""
        opened: list[tuple[frozenset[int], frozenset[IPv4Address]]] = []
        part(self.room, 1).on_opened = lambda ports, groups: opened.append((ports, groups))
        self.two.sockets.listen(6000, 7777, groups=[GROUP])
        self.room.run(LOOK)
        self.one.send(destination_port=7777)
        self.room.deliver()
        self.assertEqual([port for _, port, _ in self.two.heard()], [7777])
        self.assertEqual(opened, [(frozenset({7777}), frozenset({GROUP}))])
        self.room.run(1.0)
        self.assertEqual(len(opened), 1)

    def test_closed(self) -> None:
        """A socket that closes gets nothing more after two seconds and a look."""
        self.two.sockets.listen()
        self.room.run(CLOSED_SECONDS + 2 * LOOK)
        self.one.send()
        self.room.deliver()
        self.assertEqual(self.two.heard(), [])

    def test_seeker(self) -> None:
        """A game asks from a new socket: the members know of its ports before its question comes, for 30 s."""
        self.one.sockets.listen(5555)
        self.one.send(source_port=5555, destination_port=6000)
        self.room.collect()
        order = [(kind, str(each.to)) for kind, each in zip(kinds(self.room.wire), self.room.wire, strict=True)]
        two, three = str(self.two.address), str(self.three.address)
        self.assertEqual(order, [(Kind.INTEREST, two), (Kind.INTEREST, three), (Kind.FRAME, two)])
        self.room.deliver()
        self.one.sockets.listen()
        self.two.send(source_port=6000, destination_port=5555)
        self.two.send(source_port=6000, destination_port=6000)
        self.room.deliver()
        self.assertEqual([port for _, port, _ in self.one.heard()], [5555, 6000])
        self.room.run(ASKED_SECONDS + CLOSED_SECONDS + 2 * LOOK)
        self.two.send(source_port=6001, destination_port=5555)
        self.room.deliver()
        self.assertEqual(self.one.heard(), [])

    def test_many_seekers(self) -> None:
        """A program that asks from a new port each time causes no more looks than the bucket holds."""
        before = self.one.sockets.looks
        for port in range(20000, 20100):
            self.one.send(source_port=port)
        self.assertLessEqual(self.one.sockets.looks - before, LOOKS_BURST)

    def test_lost_message(self) -> None:
        """Where the message about a port is lost, its number is told again in 250 ms, and the member is asked."""
        self.two.sockets.listen(6000, 7777)
        self.room.clock.advance(LOOK)
        self.room.collect()
        self.room.wire.clear()
        self.one.send(destination_port=7777)
        self.room.deliver()
        self.assertEqual(self.two.heard(), [])
        self.room.run(LOOK)
        self.one.send(destination_port=7777)
        self.room.deliver()
        self.assertEqual([port for _, port, _ in self.two.heard()], [7777])

    def test_blind(self) -> None:
        """Who cannot read its tables gets everything."""
        self.two.sockets.opened = UNKNOWN
        self.room.run(LOOK)
        self.one.send(destination_port=7777)
        self.room.deliver()
        self.assertEqual(len(self.two.heard()), 1)
        self.assertTrue(part(self.room, 1).interest.everything)

    def test_broken_look(self) -> None:
        """A look that fails ends neither the looking nor the plane; until it succeeds everything is wanted."""

        def broken(fresh: bool) -> Opened:
            raise ZeroDivisionError(fresh)

        end = part(self.room, 1).add_look(broken)
        self.room.run(2 * LOOK)
        self.assertGreaterEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 2)
        self.one.send(destination_port=7777)
        self.room.deliver()
        self.assertEqual(len(self.two.heard()), 1)
        end()
        self.room.run(LOOK)
        self.assertEqual(part(self.room, 1).interest, Interest(frozenset({6000})))

    def test_second_place(self) -> None:
        """A game's own network namespace is looked at too, as long as it is there."""
        other = Sockets()
        other.listen(7777)
        end = part(self.room, 1).add_look(other.look)
        self.room.deliver()
        self.one.send(destination_port=7777)
        self.room.deliver()
        self.assertEqual(len(self.two.heard()), 1)
        end()
        self.room.run(CLOSED_SECONDS + 2 * LOOK)
        self.one.send(destination_port=7777)
        self.room.deliver()
        self.assertEqual(self.two.heard(), [])

    def test_cost(self) -> None:
        """A minute in which nothing changes: six refreshes to each member, and no question."""
        self.room.run(15.0)
        before = self.two.plane.counters()
        self.room.run(60.0)
        after = self.two.plane.counters()
        self.assertEqual(after["interest_messages"] - before["interest_messages"], 6 * 2)
        self.assertEqual(after["interest_asks"] - before["interest_asks"], 0)

    def test_joins_later(self) -> None:
        """A member that comes back is told all, and asked."""
        members = [guest.address for guest in self.room.guests]
        self.one.plane.set_members([self.three.address])
        self.one.plane.set_members(members)
        self.room.collect()
        told = [decode_interest(decode_part(each.data).body) for each in self.room.wire]
        self.assertEqual([type(each) for each in told], [Told, Ask])
        self.room.deliver()
        self.one.send(destination_port=7777)
        self.room.deliver()
        self.assertEqual(self.two.heard(), [])

    def test_hostile(self) -> None:
        """Questions without end get some answers; what is no message is counted."""
        for _ in range(50):
            self.two.plane.say(Kind.INTEREST, encode_interest(Ask()), [self.one.address])
        self.two.plane.say(Kind.INTEREST, b"?", [self.one.address])
        self.room.collect()
        for each in list(self.room.wire):
            self.room.give(each)
        self.assertLessEqual(len(self.one.port.sent), ASK_BURST)
        counters = self.one.plane.counters()
        self.assertEqual(counters["dropped_header"], 1)
        self.assertEqual(counters["interest_refused"], counters["dropped_flood"] + 1)

    @settings(max_examples=15)
    @given(st.lists(st.sampled_from([4445, 6000, 7777]), min_size=1, max_size=6), st.data())
    def test_any_network(self, ports: list[int], data: st.DataObject) -> None:
        """Ports that come and go with messages lost, repeated, in any order: after a refresh all agree."""
        room = Room(None, 2, interest)
        one, two = room.guests
        opened: set[int] = set()
        for port in ports:
            opened ^= {port}
            two.sockets.listen(*opened)
            for _ in range(3):
                room.clock.advance(1.0)
                room.collect()
                arriving, room.wire = room.wire, []
                for each in data.draw(st.lists(st.sampled_from(arriving), max_size=6)) if arriving else []:
                    room.give(each)
        room.run(REFRESH_SECONDS + CLOSED_SECONDS + LOOK, 0.25)
        for port in (4445, 6000, 7777):
            one.send(source_port=9999, destination_port=port)
        room.deliver()
        self.assertEqual({port for _, port, _ in two.heard()}, opened)
        room.close()


class SilentTests(SynchronousTestCase):
    """The setting ``lan.interest = off``."""

    def test_tells_nothing(self) -> None:
        """The members learn no port, so all is sent; the hook works all the same."""
        room = Room(self, 2, silent)
        one, two = room.guests
        opened: list[frozenset[int]] = []
        part(room, 1).on_opened = lambda ports, groups: opened.append(ports)
        two.sockets.listen(6000)
        room.run(1.0)
        one.send(destination_port=7777)
        room.deliver()
        self.assertEqual(len(two.heard()), 1)
        self.assertEqual(opened, [frozenset({6000})])
        self.assertEqual(part(room, 1).interest, Interest(everything=True))
