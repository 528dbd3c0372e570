"""What is kept about servers, on disk."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.server_marks import Mark, MarkKey, Marks, Named
from lanrage.errors import StoreError
from lanrage.store.files import write_atomic
from lanrage.store.servers import ServersFile
from tests.new_file import new_file

BEN = "ab" * 32
MARKS = Marks(
    {MarkKey(BEN, 27960, "openarena"): Mark(True, ("friday", "fun")), MarkKey("192.0.2.7", 1): Mark(False, ("x",))},
    (Named(MarkKey(BEN, 27961, "openarena"), "Ben's second"), Named(MarkKey("play.example.org", 3979), tcp=True)),
)
DAMAGED = [
    b"",
    b"[]",
    b'{"version": 2}',
    b'{"marks": [{"who": "x", "port": 0}]}',
    b'{"marks": [{"who": "x", "port": 1, "colour": "red"}]}',
    b'{"servers": [{"who": "", "port": 1}]}',
]


class ServersFileTests(SynchronousTestCase):
    """One node's file."""

    def setUp(self) -> None:
        self.file = ServersFile(new_file(self, "state"))

    def test_kept(self) -> None:
        """All of it comes back; nothing where nothing was kept."""
        self.assertEqual(Marks(), self.file.load())
        self.file.save(MARKS)
        loaded = self.file.load()
        self.assertEqual((dict(MARKS.marks), MARKS.named), (dict(loaded.marks), loaded.named))
        self.assertEqual(0o600, self.file.path.stat().st_mode & 0o777)

    @settings(max_examples=20)  # each writes through to the disk
    @given(st.binary(max_size=100) | st.sampled_from(DAMAGED))
    def test_damaged(self, data: bytes) -> None:
        """Whatever stands there counts as nothing and is set aside, not lost."""
        self.file.save(MARKS)
        write_atomic(self.file.path, data)
        self.assertEqual(Marks(), self.file.load())
        self.assertEqual(data, self.file.path.with_suffix(".damaged").read_bytes())
        self.assertEqual(Marks(), self.file.load())

    def test_a_folder_that_is_none(self) -> None:
        """Is an error of the house that names it."""
        self.file.folder.write_bytes(b"")
        self.assertRaises(StoreError, self.file.save, MARKS)
