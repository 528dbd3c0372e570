"""Trouble with the disk that passes, told from trouble that does not."""

from __future__ import annotations

import errno
import os
import sqlite3
import tempfile
from pathlib import Path

import pytest

from lanrage.errors import StoreError
from lanrage.store.disk_trouble import may_pass, read_only


def told(cause: Exception) -> StoreError:
    """As the store raises it."""
    error = StoreError("/x cannot be used")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("number", "passes"),
    [
        (errno.EROFS, True),
        (errno.ENOSPC, True),
        (errno.EDQUOT, True),
        (errno.EIO, True),
        (errno.EACCES, False),
        (errno.ENOTDIR, False),
    ],
)
def test_system(number: int, passes: bool) -> None:
    """A disk may become writable; a wrong owner or path is to be mended by hand."""
    assert may_pass(told(OSError(number, os.strerror(number)))) is passes


def test_sqlite() -> None:
    """SQLite's own errors of a file that may not be written, cannot be opened, and is none of its files."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "x.db")
        sqlite3.connect(path).execute("CREATE TABLE x (y)").connection.close()
        seen = []
        for where, words in (
            (f"file:{path}?mode=ro", "INSERT INTO x VALUES (1)"),
            (f"file:{folder}/none/x.db?mode=rw", "SELECT 1"),
            (f"file:{path}?mode=rw", "SELECT nothing"),
        ):
            try:
                sqlite3.connect(where, uri=True).execute(words)
            except sqlite3.Error as error:
                seen.append(may_pass(told(error)))
    assert seen == [True, True, False]


def test_without_a_cause() -> None:
    """What the store found out by itself, a damaged file, say, does not pass."""
    assert not may_pass(StoreError("/x is damaged"))


def test_read_only() -> None:
    """A sentence for a disk that takes no change, none for one that does, or for a folder that is not there."""
    assert read_only(Path("/proc/self")) == ""
    assert read_only(Path("/none/x")) == ""
    with tempfile.TemporaryDirectory() as folder:
        assert read_only(Path(folder)) == ""
