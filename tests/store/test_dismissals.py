"""Dismissals that the party does not know of, on disk."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.store.dismissals import DismissalsFile
from lanrage.store.files import write_atomic
from tests.strategies_guests import GUEST_KEYS

PARTY, OTHER = "ab" * 16, "cd" * 16
NO_KEY = b'{"party_id":"' + PARTY.encode() + b'","keys":["zz"]}'
LATER = b'{"party_id":"' + PARTY.encode() + b'","keys":[],"version":2}'


class DismissalsFileTests(SynchronousTestCase):
    """One node's file."""

    def setUp(self) -> None:
        """A folder."""
        folder = tempfile.TemporaryDirectory()  # pylint: disable=consider-using-with
        self.addCleanup(folder.cleanup)
        self.file = DismissalsFile(Path(folder.name) / "state")

    def test_kept(self) -> None:
        """It is there for its party, and for no other; once nothing is left to do there is no file."""
        keys = frozenset(GUEST_KEYS[:3])
        self.assertEqual(frozenset(), self.file.load(PARTY))
        self.file.save(PARTY, keys)
        self.assertEqual((keys, frozenset()), (self.file.load(PARTY), self.file.load(OTHER)))
        self.assertEqual(0o600, self.file.path.stat().st_mode & 0o777)
        self.file.save(PARTY, frozenset())
        self.assertFalse(self.file.path.exists())
        self.file.remove()
        self.assertEqual(frozenset(), self.file.load(PARTY))

    @settings(max_examples=20)  # each writes a file through to the disk
    @given(st.binary(max_size=200) | st.sampled_from([b"{}", NO_KEY, LATER]))
    def test_damaged(self, data: bytes) -> None:
        """Whatever stands there, no guest is dismissed by it."""
        self.file.save(PARTY, [GUEST_KEYS[0]])
        write_atomic(self.file.path, data)
        self.assertEqual(frozenset(), self.file.load(PARTY))

    def test_modes(self) -> None:
        """It is no secret, so that a restored file that others may read counts; what they may write is kept aside."""
        keys = frozenset(GUEST_KEYS[:2])
        self.file.save(PARTY, keys)
        self.file.path.chmod(0o640)
        self.assertEqual(keys, self.file.load(PARTY))
        self.file.path.chmod(0o660)
        self.assertEqual(frozenset(), self.file.load(PARTY))
        self.file.save(PARTY, [GUEST_KEYS[2]])
        self.assertIn(GUEST_KEYS[0].hex(), self.file.path.with_name("dismissals.damaged").read_text("ascii"))
