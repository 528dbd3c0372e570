"""The stored settings: named sets of changed values in one SQLite file of the state folder (``docs/settings.rst``).

Every call blocks: in a running service it runs in a thread; before the reactor runs it may be called as it is. Each
opens the file and closes it, so that several processes may use it; what is returned outlives a power cut.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import attrs
from twisted.logger import Logger

from lanrage.core.settings_order import FIRST_SET, SETS_LIMIT, Stored, check_set_name
from lanrage.errors import BadInput, Refused, StoreError
from lanrage.store.database_file import BUSY_TIMEOUT, connect, faults, is_damage, schema_of, trouble
from lanrage.store.disk_trouble import read_only
from lanrage.store.files import PRIVATE, make_folder, sync_folder
from lanrage.store.state_folder import BESIDE, DAMAGED, StateFolder, stamp, unused
from lanrage.timing import timing_decorator

FILE = "settings.db"
LOCK = "settings.lock"
"""Held by a process while it runs: what it lives by changes through it alone."""
HELD_BY_ANOTHER = "another program works on them, and may change them"
APPLICATION_ID = 0x4C414E73
"""``LANs``: tells our file from another program's."""
SCHEMA_VERSION = 1
TABLES = f"""
CREATE TABLE setting_set (name TEXT PRIMARY KEY, active INTEGER NOT NULL CHECK (active IN (0, 1))) WITHOUT ROWID;
CREATE UNIQUE INDEX one_active ON setting_set (active) WHERE active = 1;
CREATE TABLE setting_value (
    set_name TEXT NOT NULL REFERENCES setting_set (name) ON DELETE CASCADE,
    name TEXT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (set_name, name)
) WITHOUT ROWID;
INSERT INTO setting_set VALUES ('{FIRST_SET}', 1);
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {SCHEMA_VERSION};
"""

Check = Callable[[Stored, Stored], None]
"""Told what was and what is about to be; raises what speaks against it."""

log = Logger()


def no_objection(before: Stored, after: Stored) -> None:
    """A :data:`Check` that has none."""
    del before, after


@attrs.define
class SettingsFile:
    """The file of one state folder.

    :param folder: made when something is written.
    :param now: seconds since the epoch, for the name of a file that is set aside.
    :param patience: seconds to wait for another process that writes.
    :ivar trouble: the word about a damaged file that was set aside; empty while there was none.
    """

    folder: Path
    _now: Callable[[], float] = time.time
    patience: float = BUSY_TIMEOUT
    trouble: str = attrs.field(init=False, default="")
    _lock: int = attrs.field(init=False, default=-1)

    @property
    def path(self) -> Path:
        """Where it is."""
        return self.folder / FILE

    @timing_decorator("settings.load")
    def load(self) -> Stored:
        """What is stored. A damaged file is set aside, and nothing is stored then: see :attr:`trouble`.

        :raises StoreError: it cannot be read, is another program's or a newer LANrage's.
        """
        try:
            if not self.path.exists():
                return Stored()
            with contextlib.closing(self._open()) as connection:
                version = schema_of(connection, self.path, SCHEMA_VERSION, APPLICATION_ID)
                return _read(connection) if version else Stored()
        except (sqlite3.Error, OSError) as error:
            if not is_damage(error):
                raise trouble(self.path, error) from error
            self._set_aside(str(error))
            return Stored()

    @timing_decorator("settings.save")
    def change(self, values: Mapping[str, str | None], check: Check = no_objection) -> tuple[Stored, Stored]:
        """Change values of the active set.

        :param values: ``None`` takes one out.
        :returns: what was, and what is.
        :raises StoreError: nothing was changed; likewise where `check` raises.
        """

        def write(connection: sqlite3.Connection, before: Stored) -> None:
            for name, text in values.items():
                connection.execute("DELETE FROM setting_value WHERE (set_name, name) = (?, ?)", (before.active, name))
                if text is not None:
                    connection.execute("INSERT INTO setting_value VALUES (?, ?, ?)", (before.active, name, text))

        return self._write(write, check)

    @timing_decorator("settings.save")
    def save(self, name: str, check: Check = no_objection) -> tuple[Stored, Stored]:
        """Keep the active set's values under another name, too; a set of that name is replaced.

        :raises BadInput: field ``set``.
        :raises StoreError: nothing was changed; likewise where `check` raises.
        """
        check_set_name(name)

        def write(connection: sqlite3.Connection, before: Stored) -> None:
            if name == before.active:
                return
            if name not in before.sets and len(before.sets) >= SETS_LIMIT:
                raise BadInput("set", f"there are {SETS_LIMIT} sets, and no more can be; delete one")
            connection.execute("INSERT OR IGNORE INTO setting_set VALUES (?, 0)", (name,))
            connection.execute("DELETE FROM setting_value WHERE set_name = ?", (name,))
            connection.execute(
                "INSERT INTO setting_value SELECT ?, name, text FROM setting_value WHERE set_name = ?",
                (name, before.active),
            )

        return self._write(write, check)

    @timing_decorator("settings.activate")
    def activate(self, name: str, check: Check = no_objection) -> tuple[Stored, Stored]:
        """Let another set's values count.

        :raises BadInput: field ``set``.
        :raises StoreError: nothing was changed; likewise where `check` raises.
        """

        def write(connection: sqlite3.Connection, before: Stored) -> None:
            _known(name, before)
            connection.execute("UPDATE setting_set SET active = 0 WHERE active = 1")
            connection.execute("UPDATE setting_set SET active = 1 WHERE name = ?", (name,))

        return self._write(write, check)

    def delete(self, name: str, check: Check = no_objection) -> tuple[Stored, Stored]:
        """Delete a set that is not active.

        :raises BadInput: field ``set``.
        :raises StoreError: nothing was changed; likewise where `check` raises.
        """

        def write(connection: sqlite3.Connection, before: Stored) -> None:
            _known(name, before)
            if name == before.active:
                raise BadInput("set", f"{name} is the active set; activate another one first")
            connection.execute("DELETE FROM setting_set WHERE name = ?", (name,))

        return self._write(write, check)

    # --- who may write ------------------------------------------------------------------------------------------------

    def hold(self) -> str:
        """Keep others from writing, until :meth:`release`.

        :returns: empty, or a clause that says why not: another process has it, the disk is read-only.
        """
        if self._lock >= 0:
            return ""
        path = self.folder / LOCK
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, PRIVATE)
        except OSError as error:
            return read_only(self.folder) or f"{path} cannot be opened: {error.strerror}"
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._own(path)
        except BlockingIOError:
            os.close(descriptor)
            return HELD_BY_ANOTHER
        except OSError as error:
            os.close(descriptor)
            return f"{path} cannot be held: {error.strerror}"
        self._lock = descriptor
        return ""

    def release(self) -> None:
        """Let others write; a file that is not held is no error."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold it for a while.

        :raises Refused: ``node_running``.
        :raises StoreError: the folder cannot be made or written.
        """
        make_folder(self.folder)
        if why := self.hold():
            if why == HELD_BY_ANOTHER:
                raise Refused("node_running", f"{self.folder} is that of a process that runs: ask the process")
            raise StoreError(f"the settings of {self.folder} cannot be changed: {why}")
        try:
            yield
        finally:
            self.release()

    # --- within -------------------------------------------------------------------------------------------------------

    def _write(
        self, write: Callable[[sqlite3.Connection, Stored], None], check: Check = no_objection
    ) -> tuple[Stored, Stored]:
        make_folder(self.folder)
        self.load()  # sets a damaged file aside
        try:
            self._make()
            with contextlib.closing(self._open()) as connection:
                connection.execute("PRAGMA foreign_keys = ON")
                connection.execute("PRAGMA synchronous = EXTRA")  # the folder is synced, too: a commit stays one
                connection.execute("BEGIN IMMEDIATE")  # closing takes back what is not committed
                if not schema_of(connection, self.path, SCHEMA_VERSION, APPLICATION_ID):
                    for statement in filter(str.strip, TABLES.split(";")):
                        connection.execute(statement)
                before = _read(connection)
                write(connection, before)
                after = _read(connection)
                check(before, after)
                connection.execute("COMMIT")
                return before, after
        except (sqlite3.Error, OSError) as error:
            raise trouble(self.path, error) from error

    def _open(self) -> sqlite3.Connection:
        connection = connect(self.path)
        connection.execute(f"PRAGMA busy_timeout = {round(self.patience * 1000)}")
        return connection

    def _make(self) -> None:
        """An empty file for SQLite, which only its owner reads: the folder's owner."""
        if self.path.exists():
            return
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, PRIVATE))
        self._own(self.path)
        sync_folder(self.folder)

    def _own(self, path: Path) -> None:
        StateFolder(self.folder).own(path)

    def _set_aside(self, reason: str) -> None:
        target = unused(self.path.with_name(f"{FILE}.{DAMAGED}-{stamp(self._now())}"))
        try:
            for ending in (*BESIDE, "-journal"):
                self.path.with_name(FILE + ending).unlink(missing_ok=True)
            self.path.rename(target)
            sync_folder(self.folder)
        except OSError as error:
            self.trouble = f"{self.path} is damaged ({reason}) and cannot be set aside: {error.strerror}"
        else:
            self.trouble = f"{self.path} is damaged ({reason}), set aside as {target.name}: no stored setting counts"
        log.warn("{trouble}", trouble=self.trouble)


def _known(name: str, stored: Stored) -> None:
    if name not in stored.sets:
        raise BadInput("set", f"{name[:64]!r} is no stored set; there are {', '.join(sorted(stored.sets))}")


def _read(connection: sqlite3.Connection) -> Stored:
    """All sets.

    :raises sqlite3.DatabaseError: the file is damaged.
    """
    if wrong := faults(connection):
        raise _damage("; ".join(wrong))
    sets: dict[str, dict[str, str]] = {}
    active = []
    for name, is_active in connection.execute("SELECT name, active FROM setting_set"):
        sets[name] = {}
        active += [name] * is_active
    for set_name, name, text in connection.execute("SELECT set_name, name, text FROM setting_value"):
        if set_name not in sets or not isinstance(text, str):
            raise _damage("a value of no set, or of another type")
        sets[set_name][name] = text
    if len(active) != 1:
        raise _damage("not one set is active")
    return Stored(sets, active[0])


def _damage(reason: str) -> sqlite3.DatabaseError:
    error = sqlite3.DatabaseError(reason)
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error
