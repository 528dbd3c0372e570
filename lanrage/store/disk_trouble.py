"""Which trouble with the disk passes: one that is read-only, full or away for a while (``docs/state.rst``)."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

from lanrage.errors import StoreError

OF_SYSTEM = frozenset({errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ENXIO, errno.ENODEV, errno.ESTALE})
OF_SQLITE = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN})
PRIMARY = 0xFF
"""The part of SQLite's extended codes that says what kind of trouble it is (https://sqlite.org/rescode.html)."""


def read_only(folder: Path, statvfs: Callable[[Path], os.statvfs_result] = os.statvfs) -> str:
    """A sentence where the disk of a folder takes no change now; empty where it does, or nobody knows.

    :param folder: one that is not there would be on the disk of the nearest parent that is.
    """
    for place in (folder, *folder.parents):
        try:
            flags = statvfs(place).f_flag
        except FileNotFoundError:
            continue
        except OSError:
            return ""
        readonly = flags & os.ST_RDONLY
        return f"the disk of {folder} is read-only: no change is kept until it can be written" if readonly else ""
    return ""


def may_pass(error: StoreError) -> bool:
    """Whether waiting may help: of a wrong mode, a damaged file or a newer LANrage's it does not.

    SQLite has one code, ``SQLITE_CANTOPEN``, for a file whose folder is away and for one that this user may not open:
    of its databases a wrong mode counts as passing, too, and who waits says why again and again.
    """
    cause = error.__cause__
    if isinstance(cause, OSError):
        return cause.errno in OF_SYSTEM
    code = getattr(cause, "sqlite_errorcode", None)
    return isinstance(cause, sqlite3.Error) and code is not None and code & PRIMARY in OF_SQLITE
