"""The header of carried frames."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.links import TUNNEL_MTU
from lanrage.errors import DecodeError
from lanrage.wire.frames import (
    HEADER_BYTES,
    IP_UDP_BYTES,
    MAX_PARTS,
    Part,
    decode_part,
    encode_part,
    split,
    tunnel_bytes,
)
from lanrage.wire.packets import MAX_FRAME_BYTES
from tests.strategies_lan import ME, parts


class HeaderTests(SynchronousTestCase):
    """Bytes and parts."""

    @given(parts())
    def test_round_trip(self, part: Part) -> None:
        """What is encoded is decoded to the same."""
        self.assertEqual(decode_part(encode_part(part)), part)

    @given(st.binary(max_size=100) | parts().map(encode_part), st.integers(0, 40), st.integers(0, 255))
    def test_any_bytes(self, data: bytes, place: int, value: int) -> None:
        """Any bytes are a part or a DecodeError, and a part that is read is written with the same bytes."""
        changed = data[:place] + bytes([value]) + data[place + 1 :]
        try:
            part = decode_part(changed)
        except DecodeError:
            return
        self.assertEqual(encode_part(part), changed)

    def test_refuses(self) -> None:
        """Another magic, version or kind, no hops left, parts out of range, and nothing inside."""
        good = encode_part(Part(ME, 1, 2, 0, 1, b"x"))
        for place, value in ((0, 0), (2, 2), (3, 9), (4, 0), (5, 1), (6, MAX_PARTS + 1), (6, 0), (7, 1)):
            with self.assertRaises(DecodeError):
                decode_part(good[:place] + bytes([value]) + good[place + 1 :])
        with self.assertRaises(DecodeError):
            decode_part(good[:HEADER_BYTES])
        with self.assertRaises(DecodeError):
            decode_part(good + bytes(MAX_FRAME_BYTES))


class SplitTests(SynchronousTestCase):
    """Frames that are larger than the tunnel."""

    @given(st.integers(1, MAX_FRAME_BYTES), st.integers(576, 1500))
    def test_split(self, size: int, mtu: int) -> None:
        """The parts fit the tunnel, are numbered, and make up the frame."""
        frame = bytes(number % 251 for number in range(size))
        made = list(split(frame, ME, 7, 8, mtu))
        self.assertTrue(all(len(encode_part(part)) <= mtu - IP_UDP_BYTES for part in made))
        self.assertEqual([part.part for part in made], list(range(len(made))))
        self.assertEqual(b"".join(part.body for part in made), frame)

    def test_card_frame(self) -> None:
        """A full frame of our card takes two datagrams, the usual announcement one."""
        self.assertEqual(len(list(split(bytes(TUNNEL_MTU + 14), ME, 1, 1))), 2)
        self.assertEqual(len(list(split(bytes(600), ME, 1, 1))), 1)


class CostTests(SynchronousTestCase):
    """What a datagram costs in the tunnel."""

    def test_filled_up(self) -> None:
        """The packet inside is filled up to 16 bytes; an empty packet would be WireGuard's keepalive of 32."""
        self.assertEqual([32 + 32, 48 + 32, 48 + 32, 64 + 32], [tunnel_bytes(size) for size in (4, 5, 20, 21)])
