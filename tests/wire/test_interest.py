"""The messages about what machines hear."""

from __future__ import annotations

from ipaddress import IPv4Address

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.interest import EVERYTHING, MAX_GROUPS, MAX_PORTS, Interest
from lanrage.core.interest_talk import LARGEST_CHANGE, Ask, Changed, Held, Message, Told
from lanrage.errors import DecodeError
from lanrage.wire.interest import decode_interest, encode_interest
from lanrage.wire.packets import MAX_FRAME_BYTES
from tests.readers import check_reader
from tests.strategies_interest import messages

USUAL = Interest(frozenset({4445, 6112, 27015, 51820}), frozenset({IPv4Address("224.0.2.60")}))


class CodecTests(SynchronousTestCase):
    """Bytes and messages."""

    @given(messages())
    def test_round_trip(self, message: Message) -> None:
        """What is written is read as the same."""
        self.assertEqual(decode_interest(encode_interest(message)), message)

    @given(st.binary(max_size=60) | messages().map(encode_interest), st.integers(0, 80), st.integers(0, 255))
    def test_any_bytes(self, data: bytes, place: int, value: int) -> None:
        """Any bytes are a message or a DecodeError, and there is one form of each message."""
        changed = data[:place] + bytes([value]) + data[place + 1 :]
        check_reader(decode_interest, changed, encode_interest)
        try:
            message = decode_interest(changed)
        except DecodeError:
            return
        self.assertEqual(encode_interest(message), changed)

    def test_longest(self) -> None:
        """The most that may be told fits one frame, in the form that takes the most bytes."""
        wide = [128 * number for number in range(1, 512)]
        near = [number for number in range(1, 1000) if number % 128]
        ports = frozenset([*wide, *near][:MAX_PORTS])
        self.assertEqual(len(ports), MAX_PORTS)
        groups = frozenset(IPv4Address(0xE0000000 + (number << 22)) for number in range(1, MAX_GROUPS))
        told = encode_interest(Told(2**32 - 1, 2**32 - 1, Interest(ports, groups | {IPv4Address("224.0.0.5")})))
        self.assertLessEqual(len(told), MAX_FRAME_BYTES)
        far = frozenset(IPv4Address(0xE0000000 + (number << 21)) for number in range(1, MAX_GROUPS + 1))
        opened, closed = Interest(frozenset(wide[: LARGEST_CHANGE // 2]), far), Interest(frozenset(wide[-64:]))
        self.assertEqual(len(opened) + len(closed), LARGEST_CHANGE)
        self.assertLessEqual(len(encode_interest(Changed(2**32 - 1, 2**32 - 1, opened, closed))), MAX_FRAME_BYTES)

    def test_short(self) -> None:
        """A refresh and a usual change are a few bytes."""
        self.assertEqual(len(encode_interest(Held(1, 2, b"abcd"))), 13)
        self.assertEqual(len(encode_interest(Ask())), 1)
        self.assertEqual(len(encode_interest(Changed(1, 2, Interest(frozenset({4445})), Interest()))), 15)
        self.assertLess(len(encode_interest(Told(1, 2, USUAL))), 30)

    def test_refuses(self) -> None:
        """Other kinds, sets out of order, out of range or too large, numbers in a longer form, and rests."""
        head = bytes(8)
        bad = [
            b"",
            b"\x05" + head + b"\x01",
            b"\x01" + head,
            b"\x01" + head + b"\x02",
            b"\x01" + head + b"\x01\x00",
            b"\x01" + head + b"\x00\x02\x05\x00\x00",
            b"\x01" + head + b"\x00\x81\x00\x05\x00",
            b"\x01" + head + b"\x00\x01\xff\xff\x04\x00",
            b"\x01" + head + b"\x00\xff\xff\x03\x00",
            b"\x01" + head + b"\x00\x01\xff\xff\xff\xff\x00\x00",
            b"\x02" + head + b"\x00\x00",
            b"\x03" + head + b"abc",
            b"\x03" + head + b"abcde",
        ]
        for data in bad:
            with self.assertRaises(DecodeError, msg=data.hex()):
                decode_interest(data)
        self.assertEqual(decode_interest(b"\x01" + head + b"\x01"), Told(0, 0, EVERYTHING))
