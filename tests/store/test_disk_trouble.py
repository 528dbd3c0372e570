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


def disk(flags: int) -> os.statvfs_result:
    """What the system says of a disk that was mounted with these flags."""
    return os.statvfs_result((4096, 4096, 0, 0, 0, 0, 0, 0, flags, 255))


def test_read_only_disk() -> None:
    """Its folders are told of; one that is not there would be where its nearest parent is."""
    there = {Path("/disk"): disk(os.ST_RDONLY | os.ST_NOSUID), Path("/"): disk(0)}

    def statvfs(place: Path) -> os.statvfs_result:
        if place == Path("/away"):
            raise OSError(errno.EIO, "away")
        if place not in there:
            raise FileNotFoundError(place)
        return there[place]

    for folder, told_of in (("/disk", True), ("/disk/state/relay", True), ("/state", False), ("/away/x", False)):
        words = f"the disk of {folder} is read-only: no change is kept until it can be written" if told_of else ""
        assert read_only(Path(folder), statvfs) == words


def test_database_that_cannot_be_opened() -> None:
    """SQLite says no more than that, whatever the reason (here it is a folder), so it counts as passing."""
    with tempfile.TemporaryDirectory() as folder, pytest.raises(sqlite3.Error) as caught:
        sqlite3.connect(f"file:{folder}?mode=rw", uri=True).execute("SELECT 1")
    assert caught.value.sqlite_errorcode & 0xFF == sqlite3.SQLITE_CANTOPEN
    assert may_pass(told(caught.value))


def test_read_only() -> None:
    """A sentence for a disk that takes no change, none for one that does, or for a folder that is not there."""
    assert read_only(Path("/proc/self")) == ""
    assert read_only(Path("/none/x")) == ""
    with tempfile.TemporaryDirectory() as folder:
        assert read_only(Path(folder)) == ""
