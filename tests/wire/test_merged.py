"""Merged datagrams; what a real kernel merges is in ``tests/net/test_tunnel_side.py``."""

from __future__ import annotations

import struct

import attrs
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.lan_frames import Frame
from lanrage.wire.merged import UDP_SEGMENTS, unmerged
from lanrage.wire.packets import read_frame, write_ipv4
from tests.strategies_lan import udp

PLAIN = bytes(10)


def merged(size: int, kind: int = UDP_SEGMENTS) -> bytes:
    """The header of pieces of this size."""
    return struct.pack("=BBHHHH", 1, kind, 0, size, 0, 0)


class UnmergedTests(SynchronousTestCase):
    """Bytes and packets."""

    @given(st.binary(max_size=900), st.integers(1, 300), st.sampled_from([0, 14]))
    def test_pieces(self, payload: bytes, size: int, link: int) -> None:
        """Each piece is a datagram of the same ends, and together they are the whole."""
        whole = udp(payload=payload)
        read = [
            read_frame(bytes(12) + b"\x08\x00" + packet, finished=False)
            for packet in unmerged(merged(size) + bytes(link) + write_ipv4(whole), link)
        ]
        contents = [frame.content for frame in read if isinstance(frame, Frame)]
        wanted = [attrs.evolve(whole, payload=payload[at : at + size]) for at in range(0, len(payload), size)]
        self.assertEqual(contents, wanted)

    def test_whole(self) -> None:
        """What is not merged passes as it is; so do pieces of another kind."""
        packet = write_ipv4(udp())
        for head in (PLAIN, merged(0), merged(4, 3)):
            self.assertEqual(list(unmerged(head + packet, 0)), [packet])

    @given(st.binary(max_size=60), st.integers(0, 20))
    def test_any_bytes(self, data: bytes, link: int) -> None:
        """Any bytes are packets, if odd ones."""
        for packet in unmerged(data, link):
            read_frame(bytes(12) + b"\x08\x00" + packet, finished=False)
        list(unmerged(merged(3) + data, link))
