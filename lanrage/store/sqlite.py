"""The control server's rows in one SQLite file (WAL): a single connection, used by a single thread."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool
from zope.interface import implementer

from lanrage.core.world_rows import (
    ROW_KINDS,
    Change,
    ConflictRow,
    InvitationRow,
    MembershipRow,
    PartyRow,
    Put,
    RecordRow,
    Row,
    SeenRow,
    StatusRow,
    UseRow,
)
from lanrage.errors import StoreError
from lanrage.store.database import IStore, Migration, migrations
from lanrage.store.files import PRIVATE, make_folder

FILE = "control.db"
APPLICATION_ID = 0x4C414E72
"""``LANr``: tells our file from another program's."""
BUSY_TIMEOUT = 2.0
"""Seconds to wait for another connection's lock (a backup); then the journal tries again."""

_KEYS: dict[type[Row], tuple[str, tuple[str, ...]]] = {
    PartyRow: ("party", ("party_id",)),
    MembershipRow: ("membership", ("party_id", "identity")),
    InvitationRow: ("invitation", ("party_id", "invitation_id")),
    UseRow: ("invitation_use", ("party_id", "invitation_id", "identity")),
    RecordRow: ("record", ("party_id", "epoch")),
    StatusRow: ("status", ("party_id", "identity")),
    ConflictRow: ("conflict", ("party_id", "number")),
    SeenRow: ("seen", ("identity",)),
}
"""Table and key columns of each class; the columns are the class's fields."""
T = TypeVar("T")


def _columns(kind: type[Row]) -> tuple[str, ...]:
    return tuple(field.name for field in attrs.fields(cast(Any, kind)))


def _put_statement(kind: type[Row]) -> str:
    table, _ = _KEYS[kind]
    names = _columns(kind)
    return f"INSERT OR REPLACE INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"


def _erase_statement(kind: type[Row]) -> str:
    table, keys = _KEYS[kind]
    return f"DELETE FROM {table} WHERE {' AND '.join(f'{key} = ?' for key in keys)}"


_PUT = {kind: _put_statement(kind) for kind in ROW_KINDS}
_ERASE = {kind: _erase_statement(kind) for kind in ROW_KINDS}


@implementer(IStore)
@attrs.define(eq=False)
class SqliteStore:
    """One file; every call runs in this store's own thread, in order.

    :param reactor: brings results back from the thread.
    :param folder: the state folder; made when it is missing.
    :param synchronous: SQLite's ``FULL`` outlives a power cut, ``NORMAL`` a crash of the process alone (benches).
    """

    _reactor: Any
    folder: Path
    synchronous: str = "FULL"
    _pool: ThreadPool | None = attrs.field(init=False, default=None)
    _connection: sqlite3.Connection | None = attrs.field(init=False, default=None)
    _lock: int = attrs.field(init=False, default=-1)

    @property
    def path(self) -> Path:
        """The database file."""
        return self.folder / FILE

    async def open(self) -> list[Row]:
        """See :meth:`IStore.open`."""
        self._pool = ThreadPool(minthreads=1, maxthreads=1, name="lanrage-store")
        self._pool.start()
        try:
            return await self._call(self._open)
        except BaseException:
            await self.close()
            raise

    async def apply(self, batch: Sequence[Change]) -> int:
        """See :meth:`IStore.apply`."""
        return await self._call(self._apply, tuple(batch))

    async def close(self) -> None:
        """See :meth:`IStore.close`."""
        if self._pool is None:
            return
        try:
            await self._call(self._close)
        finally:
            pool, self._pool = self._pool, None
            if pool is not None:
                pool.stop()

    def _call(self, function: Callable[..., T], *args: object) -> Deferred[T]:
        if self._pool is None:
            raise StoreError(f"{self.path} is not open")
        return deferToThreadPool(self._reactor, self._pool, function, *args)

    # --- in the thread ------------------------------------------------------------------------------------------------

    def _open(self) -> list[Row]:
        make_folder(self.folder)
        steps = migrations()
        try:
            self._take_lock()
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE))
            self._connection = connection = sqlite3.connect(
                self.path, timeout=BUSY_TIMEOUT, isolation_level=None, check_same_thread=False
            )
            self._check(connection, len(steps))
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(f"PRAGMA synchronous = {self.synchronous}")
            self._migrate(connection, steps)
            return self._read(connection)
        except (sqlite3.Error, OSError) as error:
            raise self._trouble(error) from error

    def _take_lock(self) -> None:
        """Two control servers on one file would each overwrite what the other holds in memory."""
        self._lock = os.open(self.folder / f"{FILE}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StoreError(f"{self.path} is in use by another control server") from error

    def _check(self, connection: sqlite3.Connection, newest: int) -> None:
        """Refuse a file that is damaged, of another program or of a newer LANrage, before anything is written."""
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
        if not empty and application != APPLICATION_ID:
            raise StoreError(f"{self.path} belongs to another program; nothing in it was changed")
        if version > newest:
            raise StoreError(f"{self.path} has schema {version}, this LANrage knows {newest}: update LANrage")
        verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)

    def _migrate(self, connection: sqlite3.Connection, steps: list[Migration]) -> None:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        for step in steps[version:]:
            connection.executescript(
                f"BEGIN IMMEDIATE; {step.sql}; PRAGMA application_id = {APPLICATION_ID};"
                f" PRAGMA user_version = {step.version}; COMMIT;"
            )

    def _read(self, connection: sqlite3.Connection) -> list[Row]:
        rows: list[Row] = []
        for kind in ROW_KINDS:
            query = f"SELECT {', '.join(_columns(kind))} FROM {_KEYS[kind][0]} ORDER BY {', '.join(_KEYS[kind][1])}"
            rows += [kind(*values) for values in connection.execute(query)]
        return rows

    def _apply(self, batch: tuple[Change, ...]) -> int:
        connection = self._connection
        if connection is None:
            raise StoreError(f"{self.path} is not open")
        size = 0
        try:
            connection.execute("BEGIN IMMEDIATE")
            for change in batch:
                values = attrs.astuple(change.row) if isinstance(change, Put) else change.key
                statements = _PUT if isinstance(change, Put) else _ERASE
                connection.execute(statements[change.kind], values)
                size += sum(len(value) if isinstance(value, (bytes, str)) else 8 for value in values)
            connection.execute("COMMIT")
        except BaseException as error:  # whatever it is, the next batch must find no open transaction
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            if not isinstance(error, sqlite3.Error):
                raise
            raise self._trouble(error) from error
        return size

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _trouble(self, error: Exception) -> StoreError:
        if isinstance(error, OSError):
            return StoreError(f"{self.path} cannot be opened: {error.strerror}")
        # Its subclasses are other troubles.
        damaged = type(error) is sqlite3.DatabaseError  # pylint: disable=unidiomatic-typecheck
        if damaged:
            return StoreError(
                f"{self.path} is damaged ({error}) and was left as it is: restore a backup or move it away"
            )
        return StoreError(f"{self.path} cannot be used now: {error}")
