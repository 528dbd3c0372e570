"""ARP frames."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.arp_answers import REQUEST, Arp
from lanrage.core.lan_frames import derived_mac
from lanrage.errors import DecodeError
from lanrage.wire.arp import is_arp, read_arp, write_arp
from tests.readers import check_reader
from tests.strategies_lan import ME, PEER, addresses, macs

ARPS = st.builds(Arp, st.integers(0, 65535), macs(), addresses(), macs(), addresses())
ASKED = bytes.fromhex("ffffffffffff 02660a420001 0806 0001 0800 06 04 0001 02660a420001 0a420001 000000000000 0a420002")
"""As Linux asks, by hand from RFC 826."""


class ArpTests(SynchronousTestCase):
    """Bytes and values."""

    def test_known(self) -> None:
        """A question as the kernel sends it, padded as some cards do."""
        wanted = Arp(REQUEST, derived_mac(ME), ME, bytes(6), PEER)
        for frame in (ASKED, ASKED + bytes(18)):
            self.assertEqual(read_arp(frame), wanted)
            self.assertTrue(is_arp(frame))

    @given(ARPS)
    def test_round_trip(self, arp: Arp) -> None:
        """What is written reads back."""
        self.assertEqual(read_arp(write_arp(arp)), arp)

    @given(st.binary(max_size=80) | ARPS.map(write_arp), st.integers(0, 50), st.integers(0, 255))
    def test_any_bytes(self, data: bytes, place: int, value: int) -> None:
        """Any bytes are a value or the one error."""
        check_reader(read_arp, data[:place] + bytes([value]) + data[place + 1 :], write_arp)

    def test_refuses(self) -> None:
        """Cut short, another type, another kind of network."""
        for frame in (ASKED[:-1], ASKED[:12] + b"\x08\x00" + ASKED[14:], ASKED[:15] + b"\x06" + ASKED[16:], b""):
            with self.assertRaises(DecodeError):
                read_arp(frame)
