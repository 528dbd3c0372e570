"""Which trouble with the disk passes: one that is read-only, full or away for a while (``docs/state.rst``)."""

from __future__ import annotations

import errno
import sqlite3

from lanrage.errors import StoreError

OF_SYSTEM = frozenset({errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ENXIO, errno.ENODEV, errno.ESTALE})
OF_SQLITE = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN})
PRIMARY = 0xFF
"""The part of SQLite's extended codes that says what kind of trouble it is (https://sqlite.org/rescode.html)."""


def may_pass(error: StoreError) -> bool:
    """Whether waiting may help: of a wrong mode, a damaged file or a newer LANrage's it does not."""
    cause = error.__cause__
    if isinstance(cause, OSError):
        return cause.errno in OF_SYSTEM
    code = getattr(cause, "sqlite_errorcode", None)
    return isinstance(cause, sqlite3.Error) and code is not None and code & PRIMARY in OF_SQLITE
