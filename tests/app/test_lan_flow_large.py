"""Large datagrams and IPv6 through the pipeline of the LAN plane, both sides joined in memory."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.frame_rules import canonical
from lanrage.core.ip_fragments import MAX_AGE
from lanrage.core.lan_frames import Drop, Udp
from lanrage.wire.frames import HEADER_BYTES, IP_UDP_BYTES, MAX_PARTS, largest
from lanrage.wire.packets import MAX_FRAME_BYTES, write_frame
from tests.app.test_lan_flow import Host
from tests.strategies_lan import GROUP6, ME, PEER, PEER6, REAL, REAL6, udp
from tests.wire.test_packets6 import cut


def large(size: int, six: bool) -> Udp:
    """A datagram of the peer's game with so many bytes."""
    return udp(PEER6, GROUP6, payload=bytes(size)) if six else udp(PEER, payload=bytes(size))


class LargeTests(SynchronousTestCase):
    """What a game sends in IP fragments."""

    @given(st.integers(1300, 8900), st.booleans(), st.data())
    def test_delivered(self, size: int, six: bool, data: st.DataObject) -> None:
        """In any order of fragments and parts, the datagram is injected whole, once, in its one form."""
        sender, receiver = Host(PEER, ME), Host(ME, PEER)
        frame = write_frame(canonical(large(size, six)))
        for fragment in data.draw(st.permutations(cut(frame, 1240))):
            sender.out.from_card(fragment, 0.0)
        for _, datagram in data.draw(st.permutations(sender.sent)):
            self.assertLessEqual(len(datagram), 1280 - IP_UDP_BYTES)
            receiver.inside.arrived(datagram, str(PEER), 0.0)
        self.assertEqual((receiver.card, receiver.dropped(), sender.dropped()), ([frame], {}, {}))

    def test_captured(self) -> None:
        """Fragments on a real card, whose checksums may be unfinished; the source becomes the party's."""
        for content, expected in (
            (udp(REAL, payload=bytes(3000)), udp(PEER, payload=bytes(3000))),
            (udp(REAL6, GROUP6, payload=bytes(3000)), udp(PEER6, GROUP6, payload=bytes(3000))),
        ):
            sender, receiver = Host(PEER, ME), Host(ME, PEER)
            sender.out.own = {REAL, REAL6}
            frame = write_frame(canonical(content))
            checksum = 40 if content.source == REAL else 60
            for fragment in cut(frame[:checksum] + b"\x12\x34" + frame[checksum + 2 :], 1480):
                sender.out.from_capture(3, fragment, 0.0)
            for _, datagram in sender.sent:
                receiver.inside.arrived(datagram, str(PEER), 0.0)
            self.assertEqual(receiver.card, [write_frame(canonical(expected))])

    def test_too_large(self) -> None:
        """Beyond the limit, and beyond what a small tunnel's parts hold: counted once, nothing is sent."""
        for size, mtu in ((9500, 1280), (4200, 576)):
            sender = Host(PEER, ME, mtu=mtu)
            for fragment in cut(write_frame(canonical(large(size, six=False))), 1240):
                sender.out.from_card(fragment, 0.0)
            self.assertEqual((sender.sent, sender.dropped()), ([], {Drop.TOO_LONG: 1}))
        self.assertEqual(largest(1280), MAX_FRAME_BYTES)
        self.assertEqual(largest(576), (576 - IP_UDP_BYTES - HEADER_BYTES) * MAX_PARTS)

    def test_lost(self) -> None:
        """A fragment that does not come: counted once, when something else shows that the time is over."""
        sender = Host(PEER, ME)
        first, *_ = cut(write_frame(canonical(large(3000, six=False))), 1240)
        sender.out.from_card(first, 0.0)
        self.assertEqual(sender.dropped(), {})
        for fragment in cut(write_frame(canonical(large(2000, six=True))), 1240):
            sender.out.from_card(fragment, MAX_AGE + 0.1)
        self.assertEqual(sender.dropped(), {Drop.IP_FRAGMENT: 1})
        self.assertEqual(sender.counters.forwarded, 1)

    def test_hostile(self) -> None:
        """A member's fragments are not taken, however they would join."""
        sender, receiver = Host(PEER, ME), Host(ME, PEER)
        for fragment in cut(write_frame(canonical(large(3000, six=True))), 1240):
            receiver.inside.inject(fragment, PEER, 0.0)
        self.assertEqual((receiver.card, receiver.dropped()), ([], {Drop.IP_FRAGMENT: 3}))
        self.assertEqual(sender.sent, [])
