"""Members on one physical network: what of their games the party carries, in memory."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import cast

from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.lan_frames import Drop
from lanrage.core.links import LocalAddress
from lanrage.core.network_changes import Happening
from lanrage.core.same_lan import LIFE_SECONDS, PROBE_SECONDS
from lanrage.wire.frames import Kind
from tests.fakes_physical import MemorySwitch
from tests.physical_world import HOME, INDEX, Party


class NeighbourTests(SynchronousTestCase):
    """The first two share a network, the third is elsewhere."""

    def setUp(self) -> None:
        """All know each other."""
        self.home = MemorySwitch()
        self.party = Party(self.home, self.home, MemorySwitch())
        self.one, self.two, self.three = self.party.hosts
        for started in self.party.start():
            self.successResultOf(started)
        self.party.pass_time(2.0)

    def tearDown(self) -> None:
        """Nothing is left."""
        for stopped in self.party.stop():
            self.successResultOf(stopped)
        self.assertEqual(self.party.clock.getDelayedCalls(), [])
        self.assertEqual(self.home.ports, [])

    def injected(self) -> list[int]:
        """Frames that each machine got from the party so far."""
        return [len(host.card.written) for host in self.party.hosts]

    def known(self) -> list[int]:
        """How many neighbours each has."""
        return [host.plane.counters()["lan_neighbours"] for host in self.party.hosts]

    def announce(self, text: bytes) -> list[int]:
        """What the party carries of the first one's announcement, to each."""
        before = self.injected()
        self.one.announce(text)
        self.party.carry()
        return [after - early for after, early in zip(self.injected(), before, strict=True)]

    def test_once_each(self) -> None:
        """A real card's broadcast goes to who does not hear it; the LAN card's to all."""
        self.assertEqual(self.known(), [1, 1, 0])
        self.assertEqual(self.announce(b"lobby"), [0, 0, 1])
        self.assertEqual(self.one.plane.counters()["left_to_lan_packets"], 1)
        self.assertEqual(self.two.plane.counters()["left_to_lan_packets"], 0)

    def test_quiet(self) -> None:
        """At rest each says one thing in half a minute, and nobody's name."""
        self.party.pass_time(PROBE_SECONDS)
        before = len(self.home.said)
        self.party.pass_time(4 * PROBE_SECONDS)
        self.assertEqual(len(self.home.said) - before, 8)
        self.assertEqual(self.known(), [1, 1, 0])
        self.assertTrue(all(len(said) == 16 + 64 for said in self.home.said))

    def test_cable_pulled(self) -> None:
        """It ends at once at both ends, and begins again with the cable."""
        self.one.cards, self.one.near_port.linked = [], False
        self.one.events.tell(Happening.LINK)
        self.party.carry()
        self.assertEqual(self.known(), [0, 0, 0])
        self.assertEqual(self.announce(b"alone"), [0, 1, 1])
        self.one.cards, self.one.near_port.linked = [self.one.real], True
        self.one.events.tell(Happening.LINK)
        self.party.pass_time(5.0)
        self.assertEqual(self.known(), [1, 1, 0])

    def test_silence(self) -> None:
        """Who falls silent without a word is carried for after a while."""
        self.two.near_port.linked = False
        self.party.pass_time(LIFE_SECONDS + PROBE_SECONDS)
        self.assertEqual(self.known(), [0, 0, 0])
        self.assertEqual(self.announce(b"again"), [0, 1, 1])

    def test_forged(self) -> None:
        """Bytes without the pair's key do nothing, nor does what one said itself, or another sent in its name."""
        before = self.one.plane.counters()["neighbour_probes_refused"]
        receive = self.one.near_port.receive
        assert receive is not None
        source, elsewhere = self.two.real.address, self.three.real.address
        for said in (b"", b"LRSL", bytes(80), *self.home.said[:4]):
            receive(said, INDEX, elsewhere)
            receive(said, INDEX + 1, source)
        self.assertGreater(self.one.plane.counters()["neighbour_probes_refused"], before)
        self.assertEqual(self.known(), [1, 1, 0])
        taker = self.one.plane.incoming.takers[Kind.APART]
        self.assertEqual(taker(b"?", self.two.address, 0.0), Drop.HEADER)

    def test_flood(self) -> None:
        """A flood of bytes is looked at within bounds, and members are still found."""
        receive = self.one.near_port.receive
        assert receive is not None
        for _ in range(1000):
            receive(bytes(80), INDEX, self.three.real.address)
        self.party.pass_time(2 * PROBE_SECONDS)
        self.assertEqual(self.known(), [1, 1, 0])

    def test_garbage(self) -> None:
        """What one host sends, or what is no probe at all, takes nothing from a member's own."""
        late = Party(self.home, self.home)
        for started in late.start():
            self.successResultOf(started)
        one, two = late.hosts
        receive, stranger = one.near_port.receive, HOME[77]
        assert receive is not None
        forged = self.home.said[0]

        def flooded(data: bytes, index: int, source: IPv4Address) -> None:
            for _ in range(300):
                receive(forged, INDEX, stranger)
                receive(bytes(80), INDEX, two.real.address)
            receive(data, index, source)

        one.near_port.receive = flooded
        late.pass_time(5.0)
        self.assertEqual([host.plane.counters()["lan_neighbours"] for host in late.hosts], [1, 1])
        for stopped in late.stop():
            self.successResultOf(stopped)

    def test_bug(self) -> None:
        """A look that fails for no foreseen reason is logged, and the next one is made."""
        self.one.cards = [cast(LocalAddress, None)]
        self.one.events.tell(Happening.LINK)
        self.assertEqual(len(self.flushLoggedErrors(AttributeError)), 1)
        self.one.cards = [self.one.real]
        self.one.events.tell(Happening.LINK)
        self.assertEqual(self.known(), [1, 1, 0])

    def test_port_taken(self) -> None:
        """Where the port cannot be had, the party carries all."""
        other = Party(self.home, self.home)
        other.hosts[0].near_port.fails = OSError("taken")
        for started in other.start():
            self.successResultOf(started)
        other.pass_time(5.0)
        self.assertEqual([host.plane.counters()["lan_neighbours"] for host in other.hosts], [0, 0])
        for stopped in other.stop():
            self.successResultOf(stopped)
        self.assertEqual(other.clock.getDelayedCalls(), [])

    def test_deaf(self) -> None:
        """Whose games do not hear the network gets all by the party, and leaves its own to the network."""
        self.two.neighbours.deaf = lambda: True
        self.two.neighbours.changed()
        self.party.pass_time(2.0)
        self.assertEqual(self.known(), [1, 1, 0])
        self.assertEqual(self.announce(b"to a game in a namespace"), [0, 1, 1])
        before = self.injected()
        self.two.announce(b"from beside it")
        self.party.carry()
        self.assertEqual(self.injected(), [before[0], before[1], before[2] + 1])

    def test_member_leaves(self) -> None:
        """Who is no member any more is no neighbour."""
        self.one.plane.set_members([self.three.address])
        self.assertEqual(self.known()[0], 0)
