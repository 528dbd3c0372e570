"""Members' addresses on disk: there after a restart, of no harm when damaged or of another party."""

from __future__ import annotations

import tempfile
from pathlib import Path
from shutil import rmtree

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.errors import StoreError
from lanrage.store.endpoints import EndpointsFile, SavedEndpoints, SavedReach, SavedRelay

PARTY = "ab" * 16
SAVED = SavedEndpoints(
    PARTY,
    (SavedRelay("203.0.113.1", 7800, 7863),),
    {"cd" * 32: SavedReach(("198.51.100.1:51820", "[2001:db8::1]:9"), b"a ticket")},
)


class EndpointsFileTests(SynchronousTestCase):
    """One folder a test."""

    def setUp(self) -> None:
        """A folder that is not there yet."""
        self.parent = Path(tempfile.mkdtemp(prefix="lanrage-endpoints-"))
        self.addCleanup(rmtree, self.parent)
        self.file = EndpointsFile(self.parent / "state")

    def test_back_after_a_restart(self) -> None:
        """What was written is read again, by its owner alone; of another party nothing is known."""
        self.assertEqual(SavedEndpoints(PARTY), self.file.load(PARTY))
        self.file.save(SAVED)
        self.assertEqual(SAVED, self.file.load(PARTY))
        self.assertEqual(SavedEndpoints("ef" * 16), self.file.load("ef" * 16))
        self.assertEqual(0o600, self.file.path.stat().st_mode & 0o777)
        self.file.remove()
        self.file.remove()
        self.assertEqual(SavedEndpoints(PARTY), self.file.load(PARTY))

    @given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: b'{"party_id": "' + text.encode() + b'"}'))
    def test_any_bytes(self, raw: bytes) -> None:
        """A damaged file counts as none, and the next one is written over it."""
        self.file.save(SAVED)
        self.file.path.write_bytes(raw)
        self.assertEqual(SavedEndpoints(PARTY), self.file.load(PARTY))
        self.file.save(SAVED)
        self.assertEqual(SAVED, self.file.load(PARTY))

    def test_open_to_others(self) -> None:
        """One that others may read, or write for us, is not believed."""
        self.file.save(SAVED)
        self.file.path.chmod(0o644)
        self.assertEqual(SavedEndpoints(PARTY), self.file.load(PARTY))

    def test_cannot_be_written_or_removed(self) -> None:
        """One sentence names the file."""
        self.file.path.mkdir(parents=True)
        for work in (lambda: self.file.save(SAVED), self.file.remove):
            error = self.assertRaises(StoreError, work)
            self.assertIn("endpoints.json", str(error))
