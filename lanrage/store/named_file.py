"""Files that a user names: read as far as they can be what is meant, whatever the name stands for."""

from __future__ import annotations

import os
import stat
from pathlib import Path

NAMED_LIMIT = 4096
"""Bytes; a key, a token or an address is far shorter."""


def read_named(path: str | Path) -> str:
    """The text of a small regular file, without blanks at its ends; a pipe or a device is never waited for.

    :raises OSError: it cannot be read, is no regular file, or is larger than :data:`NAMED_LIMIT`.
    :raises UnicodeDecodeError: it is no text in UTF-8.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(None, "it is no regular file", str(path))
        data = os.read(descriptor, NAMED_LIMIT + 1)
        if len(data) > NAMED_LIMIT:
            raise OSError(None, f"it has more than {NAMED_LIMIT} bytes", str(path))
        return data.decode("utf-8").strip()
    finally:
        os.close(descriptor)
