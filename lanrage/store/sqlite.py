"""The control server's rows in one SQLite file (WAL): a single connection, used by a single thread (docs/state.rst)."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool
from zope.interface import implementer

from lanrage.core.world_rows import Change, Row
from lanrage.errors import StoreError
from lanrage.store.backup import make_backup
from lanrage.store.database import IStore, Migration, migrations
from lanrage.store.database_file import BUSY_TIMEOUT, connect, faults, is_damage, schema_of, trouble
from lanrage.store.files import PRIVATE, make_folder
from lanrage.store.migrate import migrate
from lanrage.store.state_folder import DAMAGED, StateFolder
from lanrage.store.tables import read_rows, write_batch

CHECKPOINT_PAGES = 1000
"""Pages in the WAL (4 MB) after which a commit brings them into the database."""
WAL_LIMIT = 16 * 1024 * 1024
"""Bytes that the WAL keeps on disk: a reader that is slow makes it grow, and it shrinks when the reader is gone."""
CHECKPOINT_PAUSE = 1.0
"""Seconds between two tries to shrink a WAL over its limit: while a reader holds it each try is in vain."""

T = TypeVar("T")


@implementer(IStore)
@attrs.define(eq=False)
class SqliteStore:
    """One file; every call runs in this store's own thread, in order.

    A batch with a durable change is committed with ``synchronous=FULL`` and outlives a power cut on return; one without
    with ``NORMAL``: it outlives the process, and a power cut takes it back whole, together with its like.

    :param reactor: brings results back from the thread.
    :param folder: the state folder; made when it is missing.
    :param now: seconds since the epoch, for the names of backups.
    :param steps: the migrations.
    """

    _reactor: Any
    folder: Path
    _now: Callable[[], float] = time.time
    _steps: Sequence[Migration] = attrs.field(factory=migrations, repr=False)
    _pool: ThreadPool | None = attrs.field(init=False, default=None)
    _connection: sqlite3.Connection | None = attrs.field(init=False, default=None)
    _lock: int = attrs.field(init=False, default=-1)
    _synchronous: str = attrs.field(init=False, default="")
    _shrunk: float = attrs.field(init=False, default=0.0)

    @property
    def state(self) -> StateFolder:
        """The names in the state folder."""
        return StateFolder(self.folder)

    @property
    def path(self) -> Path:
        """The database file."""
        return self.state.path

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
        state = self.state
        make_folder(self.folder)
        try:
            self._lock = state.lock()
            if why := state.gone():
                raise StoreError(f"{why}; {state.advice()}")
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, PRIVATE))
            state.own(self.path)
            if wrong := self._look():
                raise self._damaged(wrong)
            self._connection = connection = connect(self.path)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
            connection.execute(f"PRAGMA journal_size_limit = {WAL_LIMIT}")
            self._sync(connection, durable=True)
            migrate(connection, self.path, self._steps, lambda: make_backup(state, self._now()))
            return read_rows(connection)
        except (sqlite3.Error, OSError) as error:
            if is_damage(error):
                raise self._damaged(str(error)) from error
            raise trouble(self.path, error) from error

    def _look(self) -> str:
        """What is wrong with the file, before anything is written; empty when nothing is.

        :raises StoreError: it is another program's, or a newer LANrage's.
        """
        with contextlib.closing(connect(self.path, "ro")) as connection:
            schema_of(connection, self.path, len(self._steps))
            return "; ".join(faults(connection))

    def _damaged(self, reason: str) -> StoreError:
        """Set the file aside: what it holds can still be looked at, and no later start takes it for a good one."""
        self._disconnect()
        try:
            aside = self.state.set_aside(DAMAGED, self._now())
        except OSError as error:
            return StoreError(f"{self.path} is damaged ({reason}) and cannot be set aside: {error.strerror}")
        return StoreError(f"{self.path} is damaged ({reason}), set aside as {aside.name}; {self.state.advice()}")

    def _sync(self, connection: sqlite3.Connection, *, durable: bool) -> None:
        wanted = "FULL" if durable else "NORMAL"
        if wanted != self._synchronous:
            connection.execute(f"PRAGMA synchronous = {wanted}")
            self._synchronous = wanted

    def _apply(self, batch: tuple[Change, ...]) -> int:
        connection = self._connection
        if connection is None:
            raise StoreError(f"{self.path} is not open")
        try:
            self._sync(connection, durable=any(change.kind.durable for change in batch))
            connection.execute("BEGIN IMMEDIATE")
            size = write_batch(connection, batch)
            connection.execute("COMMIT")
        except BaseException as error:  # whatever it is, the next batch must find no open transaction
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            if not isinstance(error, sqlite3.Error):
                raise
            raise trouble(self.path, error) from error
        self._shrink(connection)
        return size

    def _shrink(self, connection: sqlite3.Connection) -> None:
        """Bring a WAL that a reader made grow back below its limit; what is committed does not depend on it."""
        with contextlib.suppress(sqlite3.Error, OSError):
            if self.path.with_name(f"{self.path.name}-wal").stat().st_size <= WAL_LIMIT:
                return
            if (now := time.monotonic()) - self._shrunk < CHECKPOINT_PAUSE:
                return
            self._shrunk = now
            connection.execute("PRAGMA busy_timeout = 0")
            try:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            finally:
                connection.execute(f"PRAGMA busy_timeout = {round(BUSY_TIMEOUT * 1000)}")

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._synchronous = ""

    def _close(self) -> None:
        self._disconnect()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1
