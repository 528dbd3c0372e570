"""The head of IPv4 packets that pass as they are."""

from __future__ import annotations

from ipaddress import IPv4Address

from hypothesis import given
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.bound_rules import UDP, Head
from lanrage.core.lan_frames import Frame, Udp, derived_mac
from lanrage.errors import DecodeError
from lanrage.wire.ip_head import read_head
from lanrage.wire.packets import write_frame
from tests.readers import check_reader
from tests.strategies_lan import ME, PEER, almost_frames, datagrams, udp

MACS = (derived_mac(PEER), derived_mac(ME))
FRAME = write_frame(Frame(*MACS, udp(ME, PEER)))


class HeadTests(SynchronousTestCase):
    """Bytes and values."""

    @given(datagrams().filter(lambda each: each.source.version == 4))
    def test_datagrams(self, datagram: Udp) -> None:
        """Addresses, port and the packet itself, whatever pads the frame."""
        frame = write_frame(Frame(*MACS, datagram))
        assert isinstance(datagram.source, IPv4Address)
        assert isinstance(datagram.destination, IPv4Address)
        wanted = Head(*MACS, datagram.source, datagram.destination, UDP, datagram.source_port)
        self.assertEqual(read_head(frame + bytes(9)), (wanted, frame[14:]))

    def test_parts(self) -> None:
        """The first part of a split datagram has the port, a later one has none; nor has another protocol."""
        for fragment, protocol, port in ((0x2000, 17, 5555), (0x2001, 17, 0), (0x0001, 17, 0), (0, 6, 0)):
            frame = FRAME[:20] + fragment.to_bytes(2, "big") + FRAME[22:23] + bytes([protocol]) + FRAME[24:]
            head, packet = read_head(frame)
            self.assertEqual((head.source_port, head.protocol, packet), (port, protocol, frame[14:]))

    @given(almost_frames())
    def test_any_bytes(self, data: bytes) -> None:
        """Any bytes are a value or the one error."""
        check_reader(read_head, data)

    def test_refuses(self) -> None:
        """Cut short, IPv6, lengths that contradict each other."""
        for place, value in ((12, 0x86), (14, 0x65), (14, 0x44), (14, 0x4F), (16, 0xFF), (17, 19)):
            with self.assertRaises(DecodeError):
                read_head(FRAME[:place] + bytes([value]) + FRAME[place + 1 : 48])
        with self.assertRaises(DecodeError):
            read_head(FRAME[:-1])
