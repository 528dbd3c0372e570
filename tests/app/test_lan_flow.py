"""The pipeline of the LAN plane, both sides joined in memory."""

from __future__ import annotations

import errno
from collections.abc import Collection
from ipaddress import IPv4Address

import attrs
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.lan_flow import Inflow, Outflow
from lanrage.core.frame_rules import canonical, inbound
from lanrage.core.lan_counters import LanCounters
from lanrage.core.lan_frames import BROADCAST_MAC, IPX_ETHERTYPE, Drop, Frame, Ipx, Udp, derived_mac, destination_mac
from lanrage.core.lan_limits import ARRIVALS_BURST, ARRIVALS_RATE
from lanrage.wire.frames import Part, encode_part, split
from lanrage.wire.packets import read_frame, write_frame, write_ipv4
from lanrage.wire.udp_body import checksum
from tests.strategies_lan import GROUP, ME, PEER, REAL, THIRD, almost_frames, beacon, lan_of, parts, udp


class Host:
    """One member: both flows, and lists of what came out of them."""

    def __init__(self, me: IPv4Address, *others: IPv4Address, nonce: int = 7, mtu: int = 1280) -> None:
        self.sent: list[tuple[str, bytes]] = []
        self.error = 0
        self.card: list[bytes] = []
        self.groups: list[Udp] = []
        self.counters = LanCounters()
        self.lan = lan_of(me, *others)
        self.out = Outflow(self.lan, nonce, self._send, self.counters, mtu, own={REAL})
        self.inside = Inflow(self.lan, self._write, self.groups.append, self.counters)
        self.inside.set_lan(self.lan)

    def _send(self, data: bytes, to: str) -> int:
        if not self.error:
            self.sent.append((to, data))
        return self.error

    def _write(self, frame: bytes) -> bool:
        self.card.append(frame)
        return True

    def dropped(self) -> dict[Drop, int]:
        """What was refused."""
        return dict(+self.counters.drops)


def drawn_network(data: st.DataObject, sent: list[bytes]) -> list[bytes]:
    """The datagrams as a network with repetition and reordering gives them, no loss."""
    repeats = data.draw(st.lists(st.sampled_from(sent), max_size=10)) if sent else []
    return data.draw(st.permutations(sent + repeats))


class JoinedTests(SynchronousTestCase):
    """From one member's card to another's."""

    @given(st.lists(st.binary(max_size=1300), max_size=12), st.data())
    def test_once_each(self, payloads: list[bytes], data: st.DataObject) -> None:
        """Under repetition and reordering each frame is injected exactly once, equal payloads as often as sent."""
        sender, receiver = Host(PEER, ME), Host(ME, PEER)
        games = [beacon(payload=payload) for payload in payloads]
        for number, frame in enumerate(games):
            sender.out.from_card(frame, float(number))
        for datagram in drawn_network(data, [datagram for _, datagram in sender.sent]):
            receiver.inside.arrived(datagram, str(PEER), 0.0)
        self.assertEqual(sorted(receiver.card), sorted(games))
        self.assertEqual(receiver.counters.injected, len(games))
        self.assertEqual(receiver.sent, [])

    @given(st.lists(st.binary(max_size=1300), max_size=12), st.data())
    def test_loss(self, payloads: list[bytes], data: st.DataObject) -> None:
        """Under loss, nothing comes that was not sent."""
        sender, receiver = Host(PEER, ME), Host(ME, PEER)
        games = [beacon(payload=payload) for payload in payloads]
        for number, frame in enumerate(games):
            sender.out.from_card(frame, float(number))
        for _, datagram in sender.sent:
            if data.draw(st.booleans()):
                receiver.inside.arrived(datagram, str(PEER), 0.0)
        self.assertTrue(set(receiver.card) <= set(games))

    def test_each_member(self) -> None:
        """Every other member gets a frame once, the origin never."""
        host = Host(ME, PEER, THIRD)
        host.out.from_card(beacon(source=ME), 0.0)
        self.assertEqual([to for to, _ in host.sent], [str(PEER), str(THIRD)])
        self.assertEqual(host.counters.forwarded, 2)

    def test_minecraft(self) -> None:
        """An hour of one unchanging announcement every 1.5 s: all of them arrive."""
        sender, receiver = Host(PEER, ME), Host(ME, PEER)
        for turn in range(2400):
            sender.out.from_card(beacon(destination=GROUP, destination_port=4445), turn * 1.5)
            receiver.inside.arrived(sender.sent.pop()[1], str(PEER), turn * 1.5)
        self.assertEqual((receiver.counters.injected, len(receiver.groups)), (2400, 2400))

    def test_restart(self) -> None:
        """A member that starts anew, with numbers from the beginning, is heard at once."""
        receiver = Host(ME, PEER)
        for nonce in (1, 2):
            sender = Host(PEER, ME, nonce=nonce)
            for _ in range(3):
                sender.out.from_card(beacon(), 0.0)
            for _, datagram in sender.sent:
                receiver.inside.arrived(datagram, str(PEER), 0.0)
        self.assertEqual(receiver.counters.injected, 6)

    def test_ipx_to_one(self) -> None:
        """IPX to a member's MAC goes to that member only."""
        sender, receiver = Host(PEER, ME, THIRD), Host(ME, PEER, THIRD)
        frame = write_frame(Frame(derived_mac(ME), derived_mac(PEER), Ipx(IPX_ETHERTYPE + b"ipx" * 20)))
        sender.out.from_card(frame, 0.0)
        self.assertEqual([to for to, _ in sender.sent], [str(ME)])
        receiver.inside.arrived(sender.sent[0][1], str(PEER), 0.0)
        self.assertEqual(receiver.card, [frame])

    def test_flood(self) -> None:
        """One member's flood costs a look at its address; another member's frames come through meanwhile."""
        host = Host(ME, PEER, THIRD)
        for number in range(int(ARRIVALS_BURST + ARRIVALS_RATE)):
            host.inside.arrived(b"flood", str(PEER), number / 1e6)
        self.assertGreater(host.dropped()[Drop.FLOOD], ARRIVALS_RATE - 20)
        sender = Host(THIRD, ME, PEER)
        sender.out.from_card(beacon(source=THIRD), 0.0)
        for to, datagram in sender.sent:
            if to == str(ME):
                host.inside.arrived(datagram, str(THIRD), 0.01)
        self.assertEqual(1, len(host.card))


class SenderTests(SynchronousTestCase):
    """What leaves."""

    def test_a_failing_part(self) -> None:
        """A part that fails when it is told of a frame keeps none from its way, out or in."""

        def broken(*_what: object) -> None:
            raise ValueError("a part")

        sender, receiver = Host(PEER, ME), Host(ME, PEER)
        sender.out.stages.sending.append(broken)
        sender.out.stages.carried.append(broken)
        for listeners in (receiver.inside.stages.came, receiver.inside.stages.written):
            listeners.append(broken)
        sender.out.from_card(beacon(), 0.0)
        receiver.inside.arrived(sender.sent[0][1], str(PEER), 0.0)
        self.assertEqual(receiver.card, [beacon()])
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 4)

    def test_near_members(self) -> None:
        """With a member that hears the frame by a real network nobody passes it on: that member would hear it twice."""
        host = Host(ME, PEER, THIRD)
        asked: list[object] = []

        def around(members: Collection[IPv4Address], _now: float) -> tuple[Collection[IPv4Address], tuple[()]]:
            asked.append(members)
            return members, ()

        host.out.stages.around = around
        host.out.stages.left_to_lan = lambda member, card: member == PEER
        host.out.from_card(beacon(source=ME), 0.0)
        self.assertEqual(([to for to, _ in host.sent], asked), ([str(THIRD)], []))
        host.out.stages.left_to_lan = lambda member, card: False
        host.out.from_card(beacon(source=ME), 0.1)
        self.assertEqual(len(asked), 1)

    def test_room_fragments(self) -> None:
        """A datagram of a room's game that comes in fragments is joined as one of the card's."""
        host, whole = Host(ME, PEER), write_ipv4(udp(ME, payload=bytes(2000)))
        for number, (start, end, more) in enumerate(((20, 1220, 0x2000), (1220, len(whole), 0))):
            body = whole[start:end]
            head = bytearray(whole[:20])
            head[2:4], head[4:6] = (20 + len(body)).to_bytes(2, "big"), b"\0\7"
            head[6:8], head[10:12] = (more | (start - 20) // 8).to_bytes(2, "big"), b"\0\0"
            head[10:12] = checksum(bytes(head)).to_bytes(2, "big")
            frame = BROADCAST_MAC + host.lan.mac + b"\x08\x00" + bytes(head) + body
            host.out.from_room(9, frame, float(number) / 10)
        receiver = Host(PEER, ME)
        for _, data in host.sent:
            receiver.inside.arrived(data, str(ME), 0.2)
        self.assertEqual(receiver.card, [beacon(source=ME, payload=bytes(2000))])

    def test_two_cards(self) -> None:
        """A datagram on the LAN card and two real cards is carried once, with the party address as source."""
        host = Host(ME, PEER)
        limited = IPv4Address("255.255.255.255")
        for index, destination in ((4, limited), (5, IPv4Address("192.168.1.255"))):
            frame = Frame(destination_mac(destination), bytes(6), udp(REAL, destination))
            host.out.from_capture(index, write_frame(frame), 1.0)
        host.out.from_card(beacon(source=ME), 1.001)
        self.assertEqual(len(host.sent), 1)
        self.assertEqual(host.counters.deduplicated, 2)
        receiver = Host(PEER, ME)
        receiver.inside.arrived(host.sent[0][1], str(ME), 1.0)
        self.assertEqual(receiver.card, [write_frame(canonical(udp(ME, limited)))])

    def test_errors_are_counted(self) -> None:
        """What the kernel refuses is a reason with a counter, for each member, and never an exception."""
        host = Host(ME, PEER, THIRD)
        for error in (errno.ENOKEY, errno.EDESTADDRREQ, errno.ENETUNREACH, errno.EAGAIN, errno.EMSGSIZE):
            host.error = error
            host.out.from_card(beacon(source=ME), 0.0)
        expected = {Drop.NO_PEER: 4, Drop.UNREACHABLE: 2, Drop.QUEUE_FULL: 2, Drop.SEND: 2}
        self.assertEqual((host.dropped(), host.counters.forwarded), (expected, 0))

    @given(almost_frames(), st.integers(1, 9))
    def test_any_bytes(self, data: bytes, index: int) -> None:
        """Whatever a local program puts on a card, each datagram that leaves is one that a receiver lets in."""
        host, receiver = Host(PEER, ME), Host(ME, PEER)
        host.out.from_card(data, 0.0)
        host.out.from_capture(index, data, 0.0)
        for _, datagram in host.sent:
            receiver.inside.arrived(datagram, str(PEER), 0.0)
        self.assertEqual(receiver.dropped(), {})


class HostileTests(SynchronousTestCase):
    """What arrives from a member that lies."""

    @given(parts() | almost_frames().filter(bool).map(lambda body: Part(PEER, 1, 1, 0, 1, body)))
    def test_nothing_outside(self, part: Part) -> None:
        """No bytes from a peer inject anything but a frame that the rules allow, in its one form."""
        host = Host(ME, PEER, THIRD)
        host.inside.arrived(encode_part(part), str(PEER), 0.0)
        for injected in host.card:
            frame = read_frame(injected)
            assert isinstance(frame, Frame)
            self.assertIsNone(inbound(frame, PEER, host.lan))
            self.assertEqual(write_frame(frame), injected)

    @given(st.binary(max_size=1400))
    def test_any_datagram(self, data: bytes) -> None:
        """Any datagram is taken or counted."""
        host = Host(ME, PEER)
        host.inside.arrived(data, str(PEER), 0.0)
        self.assertEqual(host.card, [])
        self.assertEqual(sum(host.dropped().values()), 1)

    def test_reasons(self) -> None:
        """Strangers, false origins, other frames than the canonical one."""
        frame = beacon()
        good = encode_part(Part(PEER, 1, 1, 0, 1, frame))
        host = Host(ME, PEER, THIRD)
        host.inside.arrived(good, str(REAL), 0.0)
        host.inside.arrived(good, str(ME), 0.0)
        self.assertEqual(host.dropped(), {Drop.STRANGER: 2})
        host.inside.arrived(good, str(THIRD), 0.0)
        host.inside.arrived(b"junk", str(PEER), 0.0)
        loose = frame[:40] + b"\0\0" + frame[42:]
        for sequence, changed in enumerate([loose, frame + bytes(3)], start=2):
            host.inside.arrived(encode_part(Part(PEER, 1, sequence, 0, 1, changed)), str(PEER), 0.0)
        expected = {Drop.STRANGER: 2, Drop.ORIGIN: 1, Drop.HEADER: 1, Drop.NOT_CANONICAL: 2}
        self.assertEqual((host.dropped(), host.card), (expected, []))

    def test_gone_member(self) -> None:
        """Who left is a stranger at once, and the parts of an unfinished frame are forgotten."""
        host = Host(ME, PEER)
        first, second = split(beacon(payload=bytes(1250)), PEER, 1, 1)
        host.inside.arrived(encode_part(first), str(PEER), 0.0)
        host.inside.set_lan(lan_of(ME))
        host.inside.arrived(encode_part(second), str(PEER), 0.0)
        host.inside.set_lan(lan_of(ME, PEER))
        host.inside.arrived(encode_part(second), str(PEER), 0.0)
        self.assertEqual((host.card, host.dropped()), ([], {Drop.STRANGER: 1}))

    def test_contradicting_parts(self) -> None:
        """Parts that contradict each other are counted."""
        host = Host(ME, PEER)
        first, _ = split(beacon(payload=bytes(1250)), PEER, 1, 1)
        host.inside.arrived(encode_part(first), str(PEER), 0.0)
        host.inside.arrived(encode_part(attrs.evolve(first, parts=3)), str(PEER), 0.0)
        self.assertEqual(host.dropped(), {Drop.PARTS: 1})
