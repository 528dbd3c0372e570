"""The metrics' history in one SQLite file of the state folder: a single connection, used by a single thread.

It is no treasure: a batch is committed with ``synchronous=NORMAL``, which outlives the process (``kill -9``) and spares
the disk a sync a minute; a power cut takes back whole batches. A damaged file is set aside, and a new one begun.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger
from twisted.python.threadpool import ThreadPool

from lanrage.core.metric_rows import MetricChange, SeriesRow, StoredSpans
from lanrage.core.stored_rows import Erase
from lanrage.errors import StoreError
from lanrage.store.database_file import connect, faults, is_damage, schema_of, trouble
from lanrage.store.files import PRIVATE, make_folder
from lanrage.store.metric_tables import (
    APPLICATION_ID,
    SCHEMA_VERSION,
    count_series,
    make_tables,
    read_series,
    read_spans,
    write_changes,
)
from lanrage.store.state_folder import BESIDE, DAMAGED, StateFolder

FILE = "metrics.db"
"""Of a node, with or without a server beside it in its process."""
WAL_LIMIT = 4 * 1024 * 1024
"""Bytes that the WAL keeps on disk."""

UNFIT = (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.InterfaceError, OverflowError)
"""What SQLite says of a row that no file of ours can hold, however often it is tried."""

T = TypeVar("T")


def file_of(role: str) -> str:
    """The name of the file of a role that runs alone, beside which a node may have the same state folder."""
    return f"metrics-{role}.db"


log = Logger()


def _one_thread() -> ThreadPool:
    return ThreadPool(minthreads=1, maxthreads=1, name="lanrage-metrics")


@attrs.define(eq=False)
class MetricStore:
    """A file of one state folder; every call runs in this store's own thread, in order.

    :param reactor: brings results back from the thread.
    :param folder: the state folder; made when it is missing.
    :param threads: makes the thread, a :class:`ThreadPool` of one.
    :param file: its name in the folder, of each service its own.
    :ivar begun_anew: called when the file was found damaged and set aside while it was open: it has nothing any more.
    :ivar dropped: changes that could not be carried out, whatever the disk: a number of them is out of bounds.
    :ivar series: in the file.
    """

    _reactor: Any
    folder: Path
    _threads: Callable[[], Any] = attrs.field(default=_one_thread, repr=False)
    file: str = FILE
    begun_anew: Callable[[], object] = attrs.field(init=False, default=lambda: None)
    dropped: int = attrs.field(init=False, default=0)
    series: int = attrs.field(init=False, default=0)
    _anew: bool = attrs.field(init=False, default=False)
    _pool: Any = attrs.field(init=False, default=None)
    _connection: sqlite3.Connection | None = attrs.field(init=False, default=None)
    _lock: int = attrs.field(init=False, default=-1)

    @property
    def path(self) -> Path:
        """The database file."""
        return self.folder / self.file

    async def open(self) -> list[SeriesRow]:
        """Open it, or begin a new one.

        :returns: the series in it.
        :raises StoreError: in use by another process, another program's or a newer LANrage's, or not to be used now.
        """
        self._pool = self._threads()
        self._pool.start()
        try:
            return await self._call(self._open)
        except BaseException:
            await self.close()
            raise

    async def apply(self, batch: Sequence[MetricChange]) -> int:
        """Carry out all changes, or none; on return they outlive the process.

        Those that no file can hold are dropped, and so are all where the file turns out to be damaged: it is set aside.

        :returns: bytes written to the tables.
        :raises StoreError: nothing was changed; may be tried again.
        """
        try:
            return await self._call(self._apply, tuple(batch))
        finally:
            self._tell()

    async def spans(self, series: int, until: float) -> dict[str, StoredSpans]:
        """What there is of a series, of each step.

        :param until: of spans that began no later.
        :raises StoreError: it cannot be read.
        """
        try:
            return await self._call(self._spans, series, until)
        finally:
            self._tell()

    def _tell(self) -> None:
        if self._anew:
            self._anew = False
            self.begun_anew()

    async def close(self) -> None:
        """Close; a closed store is no error."""
        pool, self._pool = self._pool, None
        if pool is None:
            return
        try:
            await deferToThreadPool(self._reactor, pool, self._close)
        finally:
            pool.stop()

    def _call(self, function: Callable[..., T], *args: object) -> Deferred[T]:
        if self._pool is None:
            raise StoreError(f"{self.path} is not open")
        return deferToThreadPool(self._reactor, self._pool, function, *args)

    # --- in the thread ------------------------------------------------------------------------------------------------

    def _open(self) -> list[SeriesRow]:
        make_folder(self.folder)
        try:
            self._take()
            try:
                return self._begin()
            except sqlite3.Error as error:
                if not is_damage(error):
                    raise
                self._set_aside(str(error))
                return self._begin()
        except (sqlite3.Error, OSError) as error:
            raise trouble(self.path, error) from error

    def _take(self) -> None:
        """:raises StoreError: another process has the file."""
        path = self.path.with_name(f"{self.file}.lock")
        self._lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, PRIVATE)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StoreError(f"{self.path} is in use by another service; give each its own --state-dir") from error
        StateFolder(self.folder).own(path)

    def _begin(self) -> list[SeriesRow]:
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, PRIVATE))
        StateFolder(self.folder).own(self.path)
        self._connection = connection = connect(self.path)
        version = schema_of(connection, self.path, SCHEMA_VERSION, APPLICATION_ID)
        if version and (wrong := faults(connection)):
            raise _damage(wrong[0])
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA journal_size_limit = {WAL_LIMIT}")
        connection.execute("PRAGMA synchronous = NORMAL")
        if not version:
            make_tables(connection)
        try:
            rows = read_series(connection)
        except StoreError as error:
            raise _damage(str(error)) from error
        self.series = len(rows)
        return rows

    def _apply(self, batch: tuple[MetricChange, ...]) -> int:
        try:
            try:
                return self._transaction(batch, write_changes)
            except UNFIT:
                return self._transaction(batch, self._one_by_one)
        except sqlite3.Error as error:
            if not is_damage(error):
                raise trouble(self.path, error) from error
            self._anew_for(error)
        known = tuple(each for each in batch if each.kind is SeriesRow)
        self.dropped += len(batch) - len(known)
        return self._apply(known)

    def _transaction(self, batch: tuple[MetricChange, ...], write: Callable[..., int]) -> int:
        connection = self._connected()
        try:
            connection.execute("BEGIN IMMEDIATE")
            size = write(connection, batch)
            connection.execute("COMMIT")
        except BaseException:  # whatever it is, the next batch must find no open transaction
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            raise
        self.series = count_series(connection)
        return size

    def _one_by_one(self, connection: sqlite3.Connection, batch: tuple[MetricChange, ...]) -> int:
        """All but those that cannot be written; in the order of :func:`write_changes`."""
        size = 0
        for change in sorted(batch, key=lambda each: isinstance(each, Erase)):
            try:
                size += write_changes(connection, (change,))
            except UNFIT as error:
                self.dropped += 1
                log.warn("a change of {path} is dropped: {reason}", path=self.path, reason=str(error))
        return size

    def _spans(self, series: int, until: float) -> dict[str, StoredSpans]:
        try:
            return read_spans(self._connected(), series, until)
        except sqlite3.Error as error:
            if is_damage(error):
                self._anew_for(error)
            raise trouble(self.path, error) from error

    def _anew_for(self, error: sqlite3.Error) -> None:
        """The open file is damaged.

        :raises StoreError: a new one cannot be begun now; the next call tries again.
        """
        try:
            self._set_aside(str(error))
            self._begin()
        except (sqlite3.Error, OSError) as other:
            self._disconnect()
            raise trouble(self.path, other) from other
        self._anew = True

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:  # it was set aside, and no new one could be begun then
            try:
                self._begin()
            except (sqlite3.Error, OSError) as error:
                self._disconnect()
                raise trouble(self.path, error) from error
            self._anew = True
        assert self._connection is not None
        return self._connection

    def _set_aside(self, reason: str) -> None:
        """Begin anew; the damaged file can still be looked at, until the next one takes its name."""
        self._disconnect()
        aside = self.path.with_name(f"{self.file}.{DAMAGED}")
        for ending in BESIDE:
            self.path.with_name(self.file + ending).unlink(missing_ok=True)
        if self.path.exists():
            self.path.replace(aside)
        log.warn("{path} is damaged ({reason}), set aside as {aside}", path=self.path, reason=reason, aside=aside.name)

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _close(self) -> None:
        self._disconnect()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def _damage(reason: str) -> sqlite3.DatabaseError:
    error = sqlite3.DatabaseError(reason)
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error
