"""Files that are whole or absent, and private where they must be."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from lanrage.errors import StoreError

PRIVATE = 0o600
"""Only the owner reads it: keys, tokens, the replica."""
PRIVATE_FOLDER = 0o700


def write_atomic(path: Path, data: bytes, mode: int = PRIVATE) -> None:
    """Replace a file in one step that survives a power cut: temporary, mode, content, fsync, rename, fsync folder.

    :raises StoreError: names the file and the reason; the old file stands.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise
        sync_folder(path.parent)
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror}") from error


def sync_folder(folder: Path) -> None:
    """Make what was renamed or removed in a folder survive a power cut.

    :raises OSError: as the system says.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(path: Path, mode: int = PRIVATE_FOLDER) -> Path:
    """Make a folder (and its parents) with this mode; an existing one is left as it is.

    :raises StoreError: names the folder and the reason.
    """
    try:
        path.mkdir(mode=mode, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{path} cannot be made: {error.strerror}") from error
    return path


def read_private(path: Path) -> bytes | None:
    """The content of a secret file; ``None`` when it does not exist.

    :raises StoreError: when it cannot be read, or others than its owner may read it.
    """
    return _read(path, 0o077, "read")


def read_trusted(path: Path) -> bytes | None:
    """The content of a file that is no secret; ``None`` when it does not exist.

    :raises StoreError: when it cannot be read, or others than its owner may write it.
    """
    return _read(path, 0o022, "write")


def _read(path: Path, forbidden: int, what: str) -> bytes | None:
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode & 0o777
            if mode & forbidden:
                raise StoreError(f"{path} has mode {mode:04o}, others may {what} it; set it to 0600")
            return file.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}") from error
