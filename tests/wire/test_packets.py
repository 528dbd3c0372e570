"""Ethernet, IPv4, UDP and IPX bytes."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.lan_frames import Drop, Frame, Ipx, Udp
from lanrage.wire.packets import MAX_FRAME_BYTES, read_frame, write_frame, write_ipv4
from lanrage.wire.udp_body import checksum
from tests.strategies_lan import almost_frames, beacon, datagrams, frames, udp

MACS = bytes.fromhex("ffffffffffff02660a420002")
KNOWN_GOOD = bytes.fromhex(
    # A datagram "hello" from 10.66.0.2:5555 to 10.66.0.255:6000, sums worked out apart from our code after RFC 1071.
    "4500002100004000011164480a4200020a4200ff15b31770000d795a68656c6c6f"
)


def slow_checksum(data: bytes) -> int:
    """RFC 1071 as it is written."""
    total = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return 0xFFFF - total


class ChecksumTests(SynchronousTestCase):
    """RFC 1071."""

    @given(st.binary(max_size=64))
    def test_agrees(self, data: bytes) -> None:
        """Our short way gives what the long way does; of the two zeros it may give the other."""
        self.assertEqual(checksum(data) % 0xFFFF, slow_checksum(data) % 0xFFFF)


class FrameTests(SynchronousTestCase):
    """Frames and bytes."""

    def test_known(self) -> None:
        """A datagram whose bytes are known."""
        made = write_ipv4(udp(payload=b"hello"))
        self.assertEqual(made, KNOWN_GOOD)

    @given(frames())
    def test_round_trip(self, frame: Frame) -> None:
        """What is written is read as the same; of IPX only what has a framing."""
        if isinstance(frame.content, Udp) and frame.destination_mac[:5] != b"\x01\x80\xc2\x00\x00":
            self.assertEqual(read_frame(write_frame(frame)), frame)

    @given(almost_frames())
    def test_any_bytes(self, data: bytes) -> None:
        """Any bytes are a frame or a reason, and reading what was read and written changes nothing."""
        for finished in (True, False):
            read = read_frame(data, finished)
            if isinstance(read, Frame):
                self.assertEqual(read_frame(write_frame(read)), read)

    @given(datagrams(), st.integers(0, 40))
    def test_padding(self, datagram: Udp, padding: int) -> None:
        """What a card adds to short frames is no payload."""
        frame = write_frame(Frame(MACS[:6], MACS[6:], datagram))
        self.assertEqual(read_frame(frame + bytes(padding)), read_frame(frame))

    def test_reasons(self) -> None:
        """Each kind of frame that is not looked into has its reason."""
        good = beacon()

        def with_type(kind: str, body: str = "00" * 40) -> bytes:
            return MACS + bytes.fromhex(kind + body)

        def changed(place: int, value: int) -> bytes:
            return good[:place] + bytes([value]) + good[place + 1 :]

        expected = {
            Drop.MALFORMED: [b"", good[:13], good[:30], changed(14, 0x65), changed(14, 0x44), good[:-1]],
            Drop.TOO_LONG: [bytes(MAX_FRAME_BYTES + 1)],
            Drop.ARP: [with_type("0806"), with_type("8035")],
            Drop.LINK_CONTROL: [
                with_type("88cc"),
                with_type("888e"),
                with_type("8808"),
                bytes.fromhex("0180c2000000") + good[6:],
                bytes.fromhex("0180c2000000") + MACS[6:] + bytes.fromhex("00264242030000"),
            ],
            Drop.ETHERTYPE: [with_type("8100"), with_type("0026424203"), with_type("8864")],
            Drop.IGMP: [MACS + bytes.fromhex("080046c00028000040000102") + bytes(40)],
            Drop.PROTOCOL: [changed(23, 1), changed(23, 6)],
            Drop.IP_OPTIONS: [changed(14, 0x46)],
            Drop.IP_FRAGMENT: [changed(20, 0x20), changed(21, 0x01)],
            Drop.CHECKSUM: [changed(22, 9), changed(len(good) - 1, 0)],
        }
        self.assertEqual(
            {key: [read_frame(each) for each in value] for key, value in expected.items()},
            {key: [key] * len(value) for key, value in expected.items()},
        )

    def test_unfinished(self) -> None:
        """Checksums of captured frames are not looked at, and new ones are right."""
        good = beacon()
        raw = good[:24] + b"\x12\x34" + good[26:40] + b"\x56\x78" + good[42:]
        read = read_frame(raw, finished=False)
        self.assertIsInstance(read, Frame)
        assert isinstance(read, Frame)
        self.assertEqual(write_frame(read), good)
        self.assertEqual(read_frame(raw), Drop.CHECKSUM)

    def test_no_udp_checksum(self) -> None:
        """A sender may leave the UDP checksum out (RFC 768)."""
        good = beacon()
        self.assertEqual(read_frame(good[:40] + b"\0\0" + good[42:]), read_frame(good))

    def test_ipx_framings(self) -> None:
        """All four framings of IPX are read, without the padding of the card."""
        header = b"\xff\xff\x00\x1e" + bytes(26)
        bodies = {
            "ethernet_ii": b"\x81\x37" + header,
            "raw": b"\x00\x1e" + header,
            "llc": b"\x00\x21\xe0\xe0\x03" + header,
            "snap": b"\x00\x26\xaa\xaa\x03\x00\x00\x00\x81\x37" + header,
        }
        for name, body in bodies.items():
            padding = b"" if name == "ethernet_ii" else bytes(10)
            self.assertEqual(read_frame(MACS + body + padding), Frame(MACS[:6], MACS[6:], Ipx(body)), name)
        self.assertEqual(read_frame(MACS + b"\x05\x00" + header), Drop.MALFORMED)
        self.assertEqual(read_frame(MACS + b"\x00\x01\xff\xff"), Drop.MALFORMED)
