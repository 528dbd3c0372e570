"""The control server's state folder: where the database, its backups and what was set aside are, and who may use them.

A database that is gone while something shows that there was one (a backup, a file that was set aside, a WAL) is never
replaced by an empty one: the server refuses until somebody restores a backup or says that it shall start anew.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import shlex
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import attrs

from lanrage.errors import StoreError
from lanrage.store.files import PRIVATE, sync_folder

FILE = "control.db"
BACKUPS = "backups"
DAMAGED = "damaged"
"""The word in the name of a file that the server set aside because it was broken."""
REPLACED = "replaced"
"""The word in the name of a file that a restored backup took the place of."""
BESIDE = ("-wal", "-shm")
"""What SQLite keeps beside a database: without its WAL a database is an older one."""

STAMP = "%Y%m%dT%H%M%SZ"
"""A time in a file's name, UTC."""
_BACKUP = re.compile(r"^control-v(\d{4})-(\d{8}T\d{6}Z)(?:-(\d+))?\.db$")


def stamp(now: float) -> str:
    """A time for file names, UTC, to the second."""
    return time.strftime(STAMP, time.gmtime(now))


def unused(path: Path) -> Path:
    """This path, or with the first number behind its stem that no file has."""
    candidate, number = path, 1
    while candidate.exists():
        number += 1
        candidate = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return candidate


@attrs.frozen(order=True)
class Backup:
    """One backup in the folder of backups; they sort by age, the oldest first.

    :param at: when it was made, as :func:`stamp` writes it.
    :param number: of several in one second.
    :param schema: version of its tables.
    """

    at: str
    number: int
    schema: int
    path: Path

    @classmethod
    def from_path(cls, path: Path) -> Backup | None:
        """Read its name; ``None`` for another file."""
        match = _BACKUP.match(path.name)
        return None if match is None else cls(match.group(2), int(match.group(3) or 1), int(match.group(1)), path)


@attrs.frozen
class StateFolder:
    """The names in one state folder."""

    folder: Path

    @property
    def path(self) -> Path:
        """The database."""
        return self.folder / FILE

    def beside(self) -> list[Path]:
        """The database's WAL and index, those that are there."""
        paths = (self.path.with_name(FILE + ending) for ending in BESIDE)
        return [path for path in paths if path.exists()]

    def backup_path(self, schema: int, now: float) -> Path:
        """Where the next backup goes."""
        return unused(self.folder / BACKUPS / f"control-v{schema:04d}-{stamp(now)}.db")

    def backups(self) -> list[Backup]:
        """All backups, the oldest first."""
        folder = self.folder / BACKUPS
        found = [Backup.from_path(path) for path in folder.iterdir()] if folder.is_dir() else []
        return sorted(backup for backup in found if backup is not None)

    def lock(self) -> int:
        """Take the folder: two control servers on one file would each overwrite what the other holds in memory.

        :returns: a descriptor; closing it gives the folder free.
        :raises StoreError: somebody has it.
        :raises OSError: as the system says.
        """
        path = self.folder / f"{FILE}.lock"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, PRIVATE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.own(path)
        except BlockingIOError as error:
            os.close(descriptor)
            raise StoreError(f"{self.path} is in use by another control server") from error
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder for a while.

        :raises StoreError: as :meth:`lock`.
        """
        try:
            descriptor = self.lock()
        except OSError as error:
            raise StoreError(f"{self.folder} cannot be used: {error.strerror}") from error
        try:
            yield
        finally:
            os.close(descriptor)

    def own(self, path: Path) -> None:
        """Give a file that root made to the folder's owner: the server, which is not root, must be able to use it.

        :raises OSError: as the system says.
        """
        if os.geteuid() != 0:
            return
        owner = self.folder.stat()
        # The folder is another user's, who may have put a link there: it is the file itself that is given, or nothing.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            status = os.fstat(descriptor)
            whole = stat.S_ISREG(status.st_mode) and status.st_nlink == 1
            if not whole and not stat.S_ISDIR(status.st_mode):
                raise OSError(errno.EPERM, "it is no file of its own", str(path))
            os.fchown(descriptor, owner.st_uid, owner.st_gid)
        finally:
            os.close(descriptor)

    def set_aside(self, word: str, now: float) -> Path:
        """Rename the database, then what is beside it, to ``control.db.WORD-TIME``; nothing is deleted.

        :returns: the new name of the database.
        :raises OSError: as the system says; what was not renamed stands.
        """
        target = first = self.folder / f"{FILE}.{word}-{stamp(now)}"
        number = 1
        while any(Path(f"{target}{ending}").exists() for ending in ("", *BESIDE)):
            number += 1
            target = Path(f"{first}-{number}")
        beside = self.beside()
        if self.path.exists():
            self.path.rename(target)
        for path in beside:
            path.rename(f"{target}{path.name.removeprefix(FILE)}")
        sync_folder(self.folder)
        return target

    def gone(self) -> str:
        """Why a missing database is no reason to begin with an empty one; empty when this is a new folder."""
        if self.path.exists() and self.path.stat().st_size:
            return ""
        aside = sorted(path for path in self.folder.glob(f"{FILE}.*-*") if not path.name.endswith(BESIDE))
        if aside:
            return f"{self.path} was set aside as {aside[-1].name}"
        if any(path.stat().st_size for path in self.beside() if path.name.endswith("-wal")):
            return f"{self.path} is missing or empty, but its WAL is there"
        return f"{self.path} is missing or empty, but there are backups of it" if self.backups() else ""

    def advice(self) -> str:
        """The exact command that leads on when the database cannot be used."""
        option = f"--state-dir {shlex.quote(str(self.folder))}"
        backups = self.backups()
        if not backups:
            return f"there is no backup; begin with no parties by: lanrage control restore --empty {option}"
        return f"restore the newest backup ({backups[-1].at}) by: lanrage control restore {option}"
