"""Which cards are bridged, on disk."""

from __future__ import annotations

import tempfile
from ipaddress import IPv4Address
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.store.bridges import BridgesFile
from lanrage.store.files import write_atomic

PARTY, OTHER = "ab" * 16, "cd" * 16
CARDS = {"eth0": IPv4Address("192.168.1.50"), "wlan0": None}

NO_ADDRESS = b'{"party_id":"' + PARTY.encode() + b'","cards":{"eth0":"999.1.1.1"}}'


class BridgesFileTests(SynchronousTestCase):
    """One node's file."""

    def setUp(self) -> None:
        """A folder."""
        folder = tempfile.TemporaryDirectory()  # pylint: disable=consider-using-with
        self.addCleanup(folder.cleanup)
        self.file = BridgesFile(Path(folder.name) / "state")

    def test_kept(self) -> None:
        """It is there for the party that it was made in, and for no other."""
        self.assertEqual(self.file.load(PARTY), {})
        self.file.save(PARTY, CARDS)
        self.assertEqual((self.file.load(PARTY), self.file.load(OTHER)), (CARDS, {}))
        self.file.remove()
        self.file.remove()
        self.assertEqual(self.file.load(PARTY), {})

    @settings(max_examples=30)  # each writes two files through to the disk
    @given(st.binary(max_size=200) | st.sampled_from([b"{}", NO_ADDRESS]))
    def test_damaged(self, data: bytes) -> None:
        """Whatever stands there, nothing is bridged by it."""
        self.file.save(PARTY, CARDS)
        write_atomic(self.file.path, data)
        self.assertEqual(self.file.load(PARTY), {})
