"""Files that a user names."""

from __future__ import annotations

import os

from twisted.trial.unittest import SynchronousTestCase

from lanrage.store.named_file import NAMED_LIMIT, read_named
from tests.new_file import new_file


class NamedTests(SynchronousTestCase):
    """A right one, and all kinds of others."""

    def test_text(self) -> None:
        """Its text without the line's end."""
        path = new_file(self)
        path.write_text(" a token \n")
        self.assertEqual("a token", read_named(path))

    def test_no_such_thing(self) -> None:
        """A pipe that nobody writes to, a device without end, a folder and a large file are refused at once."""
        path = new_file(self)
        os.mkfifo(path)
        large = new_file(self, "large")
        large.write_bytes(b"x" * (NAMED_LIMIT + 1))
        for each in (path, "/dev/zero", path.parent, large, path.parent / "missing"):
            self.assertRaises(OSError, read_named, each)
        self.assertRaises(OSError, read_named, "")
