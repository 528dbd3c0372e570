"""Sockets that are bound to the LAN card, with the machine in memory."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Interface

import attrs
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.lan import LanPlane
from lanrage.app.lan_bound import LOOK_SECONDS, MOST_LOOKS, BoundSockets
from lanrage.app.lan_stages import Plane
from lanrage.core.arp_answers import REPLY, REQUEST, Arp
from lanrage.core.bound_rules import UdpSocket
from lanrage.core.lan_frames import Frame, derived_mac
from lanrage.core.lan_limits import ARRIVALS_BURST
from lanrage.errors import Unreachable
from lanrage.wire.arp import read_arp, write_arp
from lanrage.wire.packets import write_frame, write_ipv4
from tests.fakes_lan import MemoryCard, MemoryPort
from tests.fakes_sockets import MemorySide, MemorySockets, MemoryTable
from tests.strategies_lan import ME, PEER, THIRD, almost_frames, udp

ADDRESS = IPv4Interface("10.66.0.1/24")
CARD = 3
GAME = UdpSocket(IPv4Address(0), 5555, CARD)
TO_PEER = write_frame(Frame(derived_mac(PEER), derived_mac(ME), udp(ME, PEER)))


class BoundTests(SynchronousTestCase):
    """One plane with this part alone."""

    def setUp(self) -> None:
        self.clock, self.card, self.port = Clock(), MemoryCard(), MemoryPort()
        self.sockets, self.side, self.table = MemorySockets(), MemorySide(), MemoryTable()
        self.plane = LanPlane(self.clock, self.card, self.port, ADDRESS, 7, parts=lambda plane: [self.made(plane)])
        self.successResultOf(self.plane.startService())
        self.plane.set_members([PEER])

    def made(self, plane: Plane) -> BoundSockets:
        """The part."""
        neighbours = (self.sockets, self.side, self.table)
        self.part = BoundSockets(self.clock, plane, self.card.write, lambda: CARD, *neighbours)
        plane.outgoing.take = self.part.take
        return self.part

    def tearDown(self) -> None:
        """Nothing is left."""
        self.successResultOf(self.plane.stopService())
        self.assertEqual((self.side.heard, self.clock.getDelayedCalls()), (None, []))

    def counted(self, *names: str) -> list[int]:
        """Some counters."""
        counters = self.plane.counters()
        return [counters[name] for name in names]

    def test_arp(self) -> None:
        """A member's MAC is told; a question for a stranger, and ARP of another kind, are dropped and counted."""
        asked = Arp(REQUEST, derived_mac(ME), ME, bytes(6), PEER)
        self.plane.frame_from_card(write_arp(asked))
        answer = Arp(REPLY, derived_mac(PEER), PEER, derived_mac(ME), ME)
        self.assertEqual([read_arp(each) for each in self.card.written], [answer])
        self.plane.frame_from_card(write_arp(attrs.evolve(asked, target=THIRD)))
        self.plane.frame_from_card(write_arp(asked)[:30])
        self.assertEqual(self.counted("arp_answers", "dropped_arp"), [1, 2])

    def test_sent_on(self) -> None:
        """Unicast to a member leaves by the tunnel as it is, and by the carrier not at all."""
        self.plane.frame_from_card(TO_PEER)
        self.assertEqual(self.side.sent, [(TO_PEER[14:], PEER)])
        self.side.error = 1
        self.plane.frame_from_card(TO_PEER)
        self.assertEqual((self.port.sent, self.counted("card_unicast_sent", "card_unicast_lost")), ([], [1, 1]))

    def test_not_sent_on(self) -> None:
        """Unicast to strangers, and what is no packet, are dropped and counted as ever."""
        stranger = write_frame(Frame(derived_mac(THIRD), derived_mac(ME), udp(ME, THIRD)))
        for frame in (stranger, TO_PEER[:20], b""):
            self.plane.frame_from_card(frame)
        self.assertEqual((self.side.sent, self.counted("dropped_unicast", "dropped_malformed")), ([], [1, 2]))

    def test_served(self) -> None:
        """A socket that only waits is served at the next look, and until it is gone."""
        self.sockets.opened = [GAME]
        self.clock.advance(LOOK_SECONDS)
        self.assertEqual((self.side.ports, self.table.ports, self.counted("sockets_on_card")), ({5555}, {5555}, [1]))
        self.sockets.opened = []
        self.clock.advance(LOOK_SECONDS)
        self.assertEqual((self.side.ports, self.table.ports), (frozenset(), frozenset()))

    def test_served_at_once(self) -> None:
        """A socket that sends is looked for before that; unicast shows it as well as a broadcast does."""
        self.sockets.opened = [GAME]
        self.part.look_at(udp(ME, source_port=5555))
        self.assertEqual(self.side.ports, {5555})
        self.sockets.opened = [GAME, attrs.evolve(GAME, port=7000)]
        self.plane.frame_from_card(write_frame(Frame(derived_mac(PEER), derived_mac(ME), udp(ME, PEER, 7000))))
        self.assertEqual(self.side.ports, {5555, 7000})

    def test_few_questions(self) -> None:
        """One question a new port, few between two looks: neither a busy game nor a storm of ports costs more."""
        before = self.sockets.questions
        for port in [5555] * 100 + list(range(6000, 7000)):
            self.part.look_at(udp(ME, source_port=port))
        self.assertEqual(self.sockets.questions - before, MOST_LOOKS)
        self.clock.advance(LOOK_SECONDS)
        self.part.look_at(udp(ME, source_port=5555))
        self.assertEqual(self.sockets.questions - before, MOST_LOOKS + 2)

    def test_heard(self) -> None:
        """What comes by the tunnel is a frame from the member's MAC, with a new checksum; all else is counted."""
        datagram = attrs.evolve(udp(PEER, ME), ttl=64)
        whole = write_ipv4(datagram)
        assert self.side.heard is not None
        self.side.heard(whole[:26] + b"??" + whole[28:])
        wanted = write_frame(Frame(derived_mac(ME), derived_mac(PEER), attrs.evolve(datagram, ttl=1)))
        self.assertEqual(self.card.written, [wanted])
        self.card.full = True
        for packet in (whole, write_ipv4(udp(THIRD, ME)), whole[:20], b""):
            self.side.heard(packet)
        self.assertEqual(self.counted("card_unicast_heard", "card_unicast_lost"), [1, 4])

    def test_flood(self) -> None:
        """One member's flood is cut, and takes nothing from another member."""
        assert self.side.heard is not None
        self.plane.set_members([PEER, THIRD])
        for _ in range(int(ARRIVALS_BURST) + 100):
            self.side.heard(write_ipv4(udp(PEER, ME)))
        self.side.heard(write_ipv4(udp(THIRD, ME)))
        heard = int(ARRIVALS_BURST) + 1
        self.assertEqual(self.counted("card_unicast_heard", "card_unicast_lost"), [heard, 100])

    @given(almost_frames())
    def test_any_frame(self, frame: bytes) -> None:
        """Whatever is on the card or comes by the tunnel, nothing breaks, and only this member's packets leave."""
        assert self.side.heard is not None
        self.side.sent.clear()
        self.plane.frame_from_card(frame)
        self.side.heard(frame[14:])
        self.assertTrue(all(packet[12:16] == ME.packed and to == PEER for packet, to in self.side.sent))

    @given(st.lists(st.sampled_from([GAME, UdpSocket(ME, 7000, CARD), UdpSocket(ME, 8000, 0)]), max_size=3))
    def test_follows(self, opened: list[UdpSocket]) -> None:
        """After each look, exactly the ports of sockets on the card are served."""
        self.sockets.opened = opened
        self.clock.advance(LOOK_SECONDS)
        self.assertEqual(self.side.ports, {each.port for each in opened if each.device})

    def test_stopped(self) -> None:
        """A game that sends while the plane stops, or before it starts, has nothing opened again."""
        self.sockets.opened = [GAME]
        self.part.stop()
        before = self.sockets.questions
        self.assertIsNone(self.part.look_at(udp(ME, source_port=5555)))
        self.assertIsNone(self.part.look())
        self.plane.frame_from_card(TO_PEER)
        served = (self.side.ports, self.table.ports, self.part.ports)
        self.assertEqual((served, self.sockets.questions), ((frozenset(),) * 3, before))
        self.part.start()
        self.assertEqual(self.side.ports, {5555})

    def test_trouble(self) -> None:
        """A kernel that does not tell, a tunnel that is gone and a bug end no looking."""
        self.sockets.error = Unreachable("no")
        self.clock.pump([LOOK_SECONDS] * 3)
        self.sockets.error = ZeroDivisionError()
        self.clock.advance(LOOK_SECONDS)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.sockets.error, self.sockets.opened, self.side.refusal = None, [GAME], Unreachable("gone")
        self.clock.advance(LOOK_SECONDS)
        self.assertEqual(self.counted("sockets_on_card"), [0])
        self.side.refusal = None
        self.clock.advance(LOOK_SECONDS)
        self.assertEqual(self.counted("sockets_on_card"), [1])
