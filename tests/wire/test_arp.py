"""Answers to ARP requests."""

from __future__ import annotations

from ipaddress import IPv4Address

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.wire.arp import LENGTH, answer

macs = st.binary(min_size=6, max_size=6)
MAC = bytes.fromhex("026600000001")
REQUEST = bytes.fromhex(
    "ffffffffffff 02660a420001 0806 0001 0800 06 04 0001 02660a420001 0a420001 000000000000 0a420002"
)
"""10.66.0.1 asks for 10.66.0.2."""

REPLY = bytes.fromhex("02660a420001 026600000001 0806 0001 0800 06 04 0002 026600000001 0a420002 02660a420001 0a420001")


class ArpTests(SynchronousTestCase):
    """One frame in, at most one out."""

    def test_known(self) -> None:
        """A request for somebody of the party is answered, byte for byte, padded or not; others are not."""
        for padding in (b"", bytes(18)):
            self.assertEqual(answer(REQUEST + padding, MAC, lambda asked: str(asked) == "10.66.0.2"), REPLY)
            self.assertIsNone(answer(REQUEST + padding, MAC, lambda asked: False))
        self.assertIsNone(answer(REPLY, MAC, lambda asked: True))

    @given(st.binary(max_size=80) | st.builds(lambda at, byte: REQUEST[:at] + byte + REQUEST[at + 1 :],
           st.integers(0, LENGTH - 1), st.binary(min_size=1, max_size=1)), macs)  # fmt: skip
    def test_anything(self, frame: bytes, mac: bytes) -> None:
        """Any bytes give nothing, or an answer from who was asked for to who asked; it asks nobody again."""
        asked: list[IPv4Address] = []

        def answers_for(address: IPv4Address) -> bool:
            asked.append(address)
            return True

        given_back = answer(frame, mac, answers_for)
        if given_back is None:
            self.assertEqual(asked, [])
            return
        self.assertEqual(len(given_back), LENGTH)
        self.assertEqual(given_back[:12], frame[22:28] + mac)
        self.assertEqual(given_back[22:], mac + asked[0].packed + frame[22:32])
        self.assertIsNone(answer(given_back, mac, lambda address: True))
