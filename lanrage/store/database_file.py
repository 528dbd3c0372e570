"""One SQLite file of the control server: how it is opened, whose it is, and what its errors mean."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from lanrage.errors import StoreError

APPLICATION_ID = 0x4C414E72
"""``LANr``: tells our file from another program's."""
BUSY_TIMEOUT = 2.0
"""Seconds to wait for another connection's lock; then the journal tries again."""
DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
"""What SQLite says of a file that is no database any more; all else is another trouble, and may pass."""


def connect(path: Path, mode: str = "rw") -> sqlite3.Connection:
    """Open a file that exists; transactions are the caller's.

    :param mode: ``ro`` leaves the file and its WAL as they are, also when it is closed.
    :raises sqlite3.Error: as SQLite says.
    """
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    return sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT, isolation_level=None, check_same_thread=False)


def is_damage(error: Exception) -> bool:
    """Whether an error means that the file is broken, not that it cannot be used at the moment."""
    return isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", 0) & 0xFF in DAMAGE


def schema_of(connection: sqlite3.Connection, path: Path, newest: int | None = None, own: int = APPLICATION_ID) -> int:
    """The schema version; 0 for a file without tables.

    :param newest: that this LANrage knows, for who wants to read the rows; who copies them need not.
    :param own: what marks our file.
    :raises StoreError: it is another program's, or a newer LANrage's.
    :raises sqlite3.Error: as SQLite says; see :func:`is_damage`.
    """
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
    if not empty and application != own:
        raise StoreError(f"{path} belongs to another program; nothing in it was changed")
    if newest is not None and version > newest:
        raise StoreError(f"{path} has schema {version}, this LANrage knows {newest}: update LANrage")
    return version


def faults(connection: sqlite3.Connection, *, thorough: bool = False, limit: int = 1) -> list[str]:
    """What SQLite finds wrong with the file's structure; empty when nothing is.

    :param thorough: compares indexes with tables, too, which takes longer.
    :raises sqlite3.Error: as SQLite says; see :func:`is_damage`.
    """
    pragma = "integrity_check" if thorough else "quick_check"
    # SQLite breaks its sentences into lines, the first of which names the database.
    found = [" ".join(str(row[0]).split()) for row in connection.execute(f"PRAGMA {pragma}({limit})")]
    found = [sentence.removeprefix("*** in database main *** ") for sentence in found]
    return [] if found == ["ok"] else found


def trouble(path: Path, error: Exception) -> StoreError:
    """An error of SQLite or of the system in one sentence that names the file."""
    if isinstance(error, OSError):
        return StoreError(f"{path} cannot be used: {error.strerror}")
    if is_damage(error):
        return StoreError(f"{path} is damaged ({error})")
    return StoreError(f"{path} cannot be used now: {error}{room(path)}")


def room(path: Path) -> str:
    """A clause for a disk without room; empty where there is some. SQLite may call it an I/O error, so look.

    :param path: a file on that disk, which need not exist.
    """
    try:
        full = os.statvfs(path.parent).f_bavail == 0
    except OSError:
        return ""
    return ", its disk is full" if full else ""
