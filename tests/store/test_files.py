"""Files that are whole or absent, and private."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from shutil import rmtree

from twisted.trial.unittest import SynchronousTestCase

from lanrage.errors import StoreError
from lanrage.store.files import make_folder, read_private, write_atomic


class FileTests(SynchronousTestCase):
    """One folder a test."""

    def setUp(self) -> None:
        """An empty folder."""
        self.folder = Path(tempfile.mkdtemp(prefix="lanrage-files-"))
        self.addCleanup(rmtree, self.folder)
        self.path = self.folder / "file"

    def test_write_and_read(self) -> None:
        """What is written is read, by its owner alone, whatever the umask; no temporary file stays."""
        old = os.umask(0)
        self.addCleanup(os.umask, old)
        write_atomic(self.path, b"one")
        write_atomic(self.path, b"two")
        self.assertEqual(b"two", read_private(self.path))
        self.assertEqual(0o600, self.path.stat().st_mode & 0o777)
        self.assertEqual([self.path], list(self.folder.iterdir()))

    def test_absent(self) -> None:
        """A file that is not there is nothing."""
        self.assertIsNone(read_private(self.path))

    def test_readable_by_others(self) -> None:
        """A secret that others may read is refused with the way out."""
        write_atomic(self.path, b"secret", 0o644)
        with self.assertRaises(StoreError) as caught:
            read_private(self.path)
        self.assertIn("0644", str(caught.exception))
        self.assertIn("set it to 0600", str(caught.exception))

    def test_unwritable_target(self) -> None:
        """Where it cannot be written the old file stands, and nothing is left beside it."""
        self.path.mkdir()
        with self.assertRaises(StoreError) as caught:
            write_atomic(self.path, b"x")
        self.assertIn(str(self.path), str(caught.exception))
        self.assertEqual([self.path], list(self.folder.iterdir()))
        with self.assertRaises(StoreError):
            write_atomic(self.folder / "no" / "file", b"x")
        with self.assertRaises(StoreError):
            read_private(self.path)

    def test_folders(self) -> None:
        """Folders are made private with their parents; one that is there stays; a file is no folder."""
        made = make_folder(self.folder / "a" / "b")
        self.assertEqual(0o700, made.stat().st_mode & 0o777)
        self.assertEqual(made, make_folder(made))
        write_atomic(self.path, b"x")
        with self.assertRaises(StoreError):
            make_folder(self.path / "c")
