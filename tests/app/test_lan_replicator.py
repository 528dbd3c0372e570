"""The way around by the party's host: whole planes joined in memory, ten members, two of them on one LAN."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from ipaddress import IPv4Address

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.lan_interest import LanInterest
from lanrage.app.lan_replicator import FORWARDS_BURST, LanReplicator
from lanrage.app.lan_stages import LanPart, Plane
from lanrage.core.replicator import HOST_STALE_SECONDS
from lanrage.wire.frames import HOPS, RELAYED_HOPS, Kind, Part, decode_part, encode_part
from tests.joined_planes import Datagram, Guest, Room, Sockets
from tests.strategies_lan import beacon

COUNT = 10


def both(room: Room, plane: Plane, sockets: Sockets) -> Collection[LanPart]:
    """Interest and the way around."""
    return [LanInterest(plane, room.clock, sockets.look, int(plane.lan.address)), LanReplicator(plane, room.clock)]


def some(accepting: set[int]) -> object:
    """Only these have the setting."""

    def parts(room: Room, plane: Plane, sockets: Sockets) -> Collection[LanPart]:
        made = both(room, plane, sockets)
        return made if int(plane.lan.address) & 0xFF in accepting else list(made)[:1]

    return parts


def settle(room: Room, host: int = 0) -> None:
    """All know the host and each other; every game listens."""
    for guest in room.guests:
        guest.plane.host = room.guests[host].address
        guest.sockets.listen(6000)
    room.run(4.0, 0.25)
    for guest in room.guests:
        guest.heard()


def frames(room: Room) -> list[Datagram]:
    """Frames on the wire."""
    return [each for each in room.wire if decode_part(each.data).kind is Kind.FRAME]


class AroundTests(SynchronousTestCase):
    """Ten members, the first is the host."""

    def setUp(self) -> None:
        self.room = Room(self, COUNT, both)
        settle(self.room)
        self.host, self.one, *self.others = self.room.guests

    def heard_by_all_but(self, origin: Guest) -> None:
        """Everybody else heard one datagram of the origin."""
        got = {guest.address: guest.heard() for guest in self.room.guests}
        once = [(origin.address, 6000, b"who plays?")]
        self.assertEqual(got, {guest.address: [] if guest is origin else once for guest in self.room.guests})

    def test_one_copy(self) -> None:
        """One copy leaves the origin, with two hops; the host makes the other eight, with one."""
        self.one.send()
        self.room.collect()
        sent = frames(self.room)
        self.assertEqual([(each.to, decode_part(each.data).hops) for each in sent], [(self.host.address, RELAYED_HOPS)])
        self.room.deliver()
        self.heard_by_all_but(self.one)
        self.assertEqual(self.host.plane.counters()["passed_on_packets"], COUNT - 2)
        self.assertEqual(self.one.plane.counters()["replicated_packets"], 1)

    def test_large_frame(self) -> None:
        """A frame in two parts is passed on whole."""
        self.one.send(payload=bytes(1300))
        self.room.deliver()
        self.assertEqual([len(guest.heard()) for guest in self.others], [1] * (COUNT - 2))

    def test_host_itself(self) -> None:
        """The host sends to each."""
        self.host.send()
        self.room.deliver()
        self.heard_by_all_but(self.host)
        self.assertEqual(self.host.plane.counters()["passed_on_packets"], 0)

    def test_few_want_it(self) -> None:
        """Where two members want a frame it goes directly, and the host, if it is one of them, keeps it for itself."""
        for guest in self.others[1:]:
            guest.sockets.listen()
        self.room.run(5.0, 0.25)
        self.one.send()
        self.room.collect()
        wanting = [self.host.address, self.others[0].address]
        self.assertEqual([each.to for each in frames(self.room)], wanting)
        self.room.deliver()
        self.assertEqual(self.host.plane.counters()["passed_on_packets"], 0)

    def test_dead_path(self) -> None:
        """A host that is not heard for three and a half seconds is gone round; everybody hears on."""
        self.host.port.receive = None
        self.room.clock.pump([0.25] * round((HOST_STALE_SECONDS + 1) / 0.25))
        self.room.wire = []
        for guest in self.room.guests:
            guest.port.sent = [each for each in guest.port.sent if guest is not self.host]
        self.room.deliver()
        self.one.send()
        self.room.deliver()
        self.assertEqual([len(guest.heard()) for guest in self.others], [1] * (COUNT - 2))

    def test_refused_by_the_kernel(self) -> None:
        """Where the tunnel does not take the host's copy, all get theirs directly."""
        refused = self.one.port.send
        to_host = str(self.host.address)
        self.one.plane._out.send = lambda data, to: 11 if to == to_host else refused(data, to)
        self.one.send()
        self.room.deliver()
        self.assertEqual([len(guest.heard()) for guest in self.others], [1] * (COUNT - 2))

    def test_leaves(self) -> None:
        """A host that stops says so, and at once frames go directly."""
        self.host.plane.stopService()
        self.room.deliver()
        self.one.send()
        self.room.deliver()
        self.assertEqual([len(guest.heard()) for guest in self.others], [1] * (COUNT - 2))

    def test_flood(self) -> None:
        """One member makes the host send no more than the bucket holds."""
        for number in range(int(2 * FORWARDS_BURST)):
            part = Part(self.one.address, 9, number, 0, 1, beacon(source=self.one.address), RELAYED_HOPS)
            self.room.give(Datagram(self.one.address, self.host.address, encode_part(part)))
        counters = self.host.plane.counters()
        self.assertLessEqual(counters["passed_on_packets"], FORWARDS_BURST * (COUNT - 2))
        self.assertEqual(counters["replicator_shed"], FORWARDS_BURST)


class ForgedTests(SynchronousTestCase):
    """Frames in another's name."""

    def setUp(self) -> None:
        self.room = Room(self, 4, both)
        settle(self.room)
        self.host, self.one, self.two, self.liar = self.room.guests

    def dropped(self, sender: Guest, **changes: object) -> int:
        """How many refusals such a datagram causes at `two`; nothing is heard."""
        known: dict[str, object] = {"origin": self.one.address, "hops": HOPS, "kind": Kind.FRAME} | changes
        part = Part(nonce=9, sequence=1, part=0, parts=1, body=beacon(source=self.one.address), **known)  # type: ignore[arg-type]
        before = self.two.plane.counters()["dropped_origin"]
        self.room.give(Datagram(sender.address, self.two.address, encode_part(part)))
        self.room.deliver()
        return self.two.plane.counters()["dropped_origin"] - before if not self.two.heard() else -1

    def test_refused(self) -> None:
        """Of anybody but the host; of the host with more hops, of other kinds, of strangers, of this member itself."""
        self.assertEqual(self.dropped(self.liar), 1)
        self.assertEqual(self.dropped(self.host, hops=RELAYED_HOPS), 1)
        self.assertEqual(self.dropped(self.host, kind=Kind.INTEREST), 1)
        self.assertEqual(self.dropped(self.host, origin=IPv4Address("10.66.0.99")), 1)
        self.assertEqual(self.dropped(self.host, origin=self.two.address), 1)
        self.assertEqual(self.dropped(self.host), -1)

    def test_not_the_host(self) -> None:
        """A member that is asked to pass a frame on, and is not the host, takes it and sends nothing."""
        part = Part(self.one.address, 9, 1, 0, 1, beacon(source=self.one.address), RELAYED_HOPS)
        self.room.give(Datagram(self.one.address, self.two.address, encode_part(part)))
        self.room.collect()
        self.assertEqual((len(self.two.heard()), frames(self.room)), (1, []))

    def test_without_the_setting(self) -> None:
        """A member without it takes nothing that the host passes on, and is sent everything directly."""
        room = Room(self, 6, some({1, 2, 3, 4, 5}))  # type: ignore[arg-type]
        settle(room)
        host, one, *_, last = room.guests
        one.send()
        room.collect()
        self.assertEqual({each.to for each in frames(room)}, {host.address, last.address})
        room.deliver()
        self.assertEqual([len(guest.heard()) for guest in room.guests], [1, 0, 1, 1, 1, 1])
        self.assertEqual(last.plane.counters()["dropped_origin"], 0)


class TopologyTests(SynchronousTestCase):
    """Any ten members."""

    @settings(max_examples=25)
    @given(st.data())
    def test_no_loop_no_second_copy(self, data: st.DataObject) -> None:
        """Any host, any members with the setting, links that miss on both ends, two members on one LAN (what one
        sends is on the other's real card), repetition and reordering: one copy of each, and never back."""
        numbers = range(1, COUNT + 1)
        room = Room(None, COUNT, some(data.draw(st.sets(st.sampled_from(numbers)))))  # type: ignore[arg-type]
        pairs = st.tuples(st.integers(0, COUNT - 1), st.integers(0, COUNT - 1))
        missing = {frozenset(pair) for pair in data.draw(st.lists(pairs, max_size=8))}
        for number, guest in enumerate(room.guests):
            linked = [other for at, other in enumerate(room.guests) if frozenset((number, at)) not in missing]
            guest.plane.set_members([other.address for other in linked])
        settle(room, data.draw(st.integers(0, COUNT - 1)))
        sent: Counter[IPv4Address] = Counter()
        for sender in data.draw(st.lists(st.sampled_from(room.guests), min_size=1, max_size=5)):
            payload = b"%d of %s" % (sent[sender.address], str(sender.address).encode())
            sender.send(payload=payload)
            sent[sender.address] += 1
            for neighbour in room.guests[:2]:
                neighbour.plane.frame_from_capture(4, beacon(source=sender.address, payload=payload))
        copies, wire = 0, room.wire
        room.collect()
        while wire:
            place = data.draw(st.integers(0, len(wire) - 1))
            room.give(wire[place] if copies < 10 and data.draw(st.booleans()) else wire.pop(place))
            copies += 1
            room.collect()
        for number, guest in enumerate(room.guests):
            got = Counter((source, payload) for source, _, payload in guest.heard())
            self.assertTrue(all(count == 1 for count in got.values()), got)
            self.assertNotIn(guest.address, {source for source, _ in got})
            for at, other in enumerate(room.guests):
                if frozenset((number, at)) not in missing and at != number:
                    whole = sum(1 for source, _ in got if source == other.address)
                    self.assertEqual(whole, sent[other.address], (guest.address, other.address))
        room.close()
