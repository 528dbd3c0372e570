"""IPv6 bytes, IP fragments, and the kernel's table of IPv6 groups."""

from __future__ import annotations

import struct
from ipaddress import IPv6Address

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.frame_rules import canonical
from lanrage.core.ip_fragments import Fragment
from lanrage.core.lan_frames import Drop, Frame
from lanrage.errors import DecodeError
from lanrage.wire.fragments import cut_ipv4, read_fragment, write_joined
from lanrage.wire.igmp6 import Membership6, parse_igmp6
from lanrage.wire.packets import read_frame, write_frame
from lanrage.wire.packets6 import write_ipv6
from tests.readers import check_reader
from tests.strategies_lan import GROUP6, ME, ME6, NETWORK, almost_frames, udp
from tests.wire.test_packets import slow_checksum

KNOWN_HEAD = bytes.fromhex(
    # Of a datagram of five bytes from fd10:6600::a42:1 port 5555 to ioquake3's group, port 27960, up to its checksum.
    "60000000000d1101fd10660000000000000000000a420001ff04000000000000696f7175616b653315b36d38000d"
)
TABLE = (
    "1    lo              ff020000000000000000000000000001     1 0000000C 0\n"
    "12   enp0s31f6       ff04000000000000696f7175616b6533     3 00000004 0\n"
)


class PacketTests(SynchronousTestCase):
    """IPv6 packets."""

    good = write_frame(canonical(udp(ME6, GROUP6)))

    def changed(self, place: int, value: int) -> bytes:
        """The good frame with another byte."""
        return self.good[:place] + bytes([value]) + self.good[place + 1 :]

    def test_known(self) -> None:
        """A datagram whose header is known; its checksum is right by the long way (RFC 8200, 8.1)."""
        made = write_ipv6(udp(ME6, GROUP6, 5555, 27960, b"hello"))
        self.assertEqual((made[:46], made[48:]), (KNOWN_HEAD, b"hello"))
        pseudo = made[8:40] + struct.pack("!IHBB", 13, 0, 0, 17)
        self.assertEqual(slow_checksum(pseudo + made[40:]), 0)

    def test_reasons(self) -> None:
        """Each kind of packet that is not looked into has its reason."""
        hop_by_hop = self.good[:20] + b"\0" + self.good[21:54]
        expected = {
            Drop.MALFORMED: [self.good[:40], self.changed(14, 0x45), self.good[:-1], self.changed(19, 7)],
            Drop.ICMPV6: [self.changed(20, 58), hop_by_hop + b"\x3a\0\x05\x02" + bytes(40)],
            Drop.IP_OPTIONS: [hop_by_hop + b"\x11" + bytes(40), self.changed(20, 43), self.changed(20, 60)],
            Drop.IP_FRAGMENT: [self.changed(20, 44)],
            Drop.PROTOCOL: [self.changed(20, 6), self.changed(20, 59)],
            Drop.CHECKSUM: [self.changed(len(self.good) - 1, 0), self.good[:60] + b"\0\0" + self.good[62:]],
        }
        self.assertEqual(
            {key: [read_frame(each) for each in value] for key, value in expected.items()},
            {key: [key] * len(value) for key, value in expected.items()},
        )

    def test_unfinished(self) -> None:
        """The checksum of a captured frame is not looked at, and the new one is right."""
        read = read_frame(self.good[:60] + b"\x12\x34" + self.good[62:], finished=False)
        assert isinstance(read, Frame)
        self.assertEqual(write_frame(read), self.good)


def cut(frame: bytes, size: int) -> list[bytes]:
    """A frame's IP packet in fragments, as the kernel makes them; `size` is a multiple of eight."""
    four = frame[12:14] == b"\x08\x00"
    head, payload = (frame[14:34], frame[34:]) if four else (frame[14:54], frame[54:])
    made = []
    for at in range(0, len(payload), size):
        body, more = payload[at : at + size], at + size < len(payload)
        if four:
            place = (at // 8 | 0x2000 * more).to_bytes(2, "big")
            packet = head[:2] + (20 + len(body)).to_bytes(2, "big") + b"\x12\x34" + place + head[8:] + body
        else:
            extension = b"\x11\0" + (at | more).to_bytes(2, "big") + bytes(4)
            packet = head[:4] + (8 + len(body)).to_bytes(2, "big") + b"\x2c" + head[7:] + extension + body
        made.append(frame[:14] + packet)
    return made


class FragmentTests(SynchronousTestCase):
    """From frames to fragments and back."""

    @given(st.booleans(), st.binary(min_size=30, max_size=3000), st.integers(1, 160))
    def test_round_trip(self, six: bool, payload: bytes, units: int) -> None:
        """Cut, read and joined, a frame is the same."""
        content = udp(ME6, GROUP6, payload=payload) if six else udp(ME, NETWORK.broadcast_address, payload=payload)
        frame = canonical(content)
        pieces = [read_fragment(each, 0) for each in cut(write_frame(frame), 8 * units)]
        good = [piece for piece in pieces if isinstance(piece, Fragment)]
        self.assertEqual(len(good), len(pieces))
        self.assertEqual({piece.key for piece in good}, {good[0].key})
        self.assertEqual([piece.more for piece in good], [True] * (len(good) - 1) + [False])
        whole = b"".join(piece.body for piece in good)
        self.assertEqual(write_joined(good[0].head, whole, True), frame)
        self.assertEqual(write_joined(good[0].head, whole[:-1] + bytes([whole[-1] ^ 1]), True), Drop.CHECKSUM)

    @given(almost_frames(), st.booleans())
    def test_any_bytes(self, data: bytes, finished: bool) -> None:
        """What is called a fragment is read as one or has a reason, and joins to a frame or a reason."""
        if read_frame(data, finished) is Drop.IP_FRAGMENT:
            read = read_fragment(data, 0)
            if isinstance(read, Fragment):
                self.assertIsInstance(write_joined(read.head, read.body, finished), Frame | Drop)

    def test_reasons(self) -> None:
        """Fragments of something else, and empty ones."""
        six = cut(write_frame(canonical(udp(ME6, GROUP6, payload=bytes(40)))), 16)[0]
        four = cut(write_frame(canonical(udp(ME, payload=bytes(40)))), 16)[0]
        expected = {
            Drop.ICMPV6: six[:54] + b"\x3a" + six[55:],
            Drop.PROTOCOL: six[:54] + b"\x06" + six[55:],
            Drop.MALFORMED: six[:18] + b"\x00\x04" + six[20:],
        }
        for reason, frame in expected.items():
            self.assertEqual(read_frame(frame, False), Drop.IP_FRAGMENT)
            self.assertEqual(read_fragment(frame, 0), reason)
        self.assertEqual(read_fragment(four[:23] + b"\x06" + four[24:], 0), Drop.PROTOCOL)
        self.assertEqual(read_fragment(four[:16] + b"\x00\x14" + four[18:], 0), Drop.MALFORMED)
        self.assertEqual(write_joined(bytes(21), b"short", True), Drop.MALFORMED)

    @given(st.binary(max_size=3000), st.integers(28, 1500), st.integers(1, 0xFFFF))
    def test_cut(self, payload: bytes, mtu: int, ident: int) -> None:
        """Packets that we cut ourselves fit, and join to the same."""
        frame = canonical(udp(ME, payload=payload))
        head, packet = write_frame(frame)[:14], write_frame(frame)[14:]
        pieces = cut_ipv4(packet, mtu, ident)
        self.assertLessEqual(max(map(len, pieces)), mtu)
        if len(pieces) == 1:
            self.assertEqual(pieces, [packet])
            return
        self.assertEqual([slow_checksum(piece[:20]) for piece in pieces], [0] * len(pieces))
        read = [read_fragment(head + piece, 0) for piece in pieces]
        good = [each for each in read if isinstance(each, Fragment)]
        self.assertEqual([each.more for each in good], [True] * (len(pieces) - 1) + [False])
        self.assertEqual({each.key for each in good}, {(0, packet[12:20], ident)})
        self.assertEqual(write_joined(good[0].head, b"".join(each.body for each in good), True), frame)

    def test_cards(self) -> None:
        """The same fragment on two cards belongs to two datagrams."""
        frame = cut(write_frame(canonical(udp(ME, payload=bytes(40)))), 16)[0]
        keys = [read.key for card in (0, 3) if isinstance(read := read_fragment(frame, card), Fragment)]
        self.assertEqual(len(set(keys)), 2)


class TableTests(SynchronousTestCase):
    """``/proc/net/igmp6``."""

    def test_groups(self) -> None:
        """Each group with its card and its count."""
        expected = (Membership6(1, IPv6Address("ff02::1"), 1), Membership6(12, GROUP6, 3))
        self.assertEqual(parse_igmp6(TABLE), expected)

    def test_any_text(self) -> None:
        """Another text is refused."""
        for text in ("1 lo ff02 1", "x lo " + "0" * 32 + " 1", "1 lo", "\n", "1 lo " + "0" * 32 + " many"):
            self.assertRaises(DecodeError, parse_igmp6, text)

    @given(st.binary(max_size=60))
    def test_any_bytes(self, data: bytes) -> None:
        """A value or the one error."""
        check_reader(lambda raw: parse_igmp6(raw.decode("latin-1")), data)
