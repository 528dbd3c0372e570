"""Backups of the control server's database: made while it runs, checked before they count, few in number."""

from __future__ import annotations

import contextlib
import filecmp
import os
import secrets
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import attrs

from lanrage.errors import StoreError
from lanrage.store.database import migrations
from lanrage.store.database_file import BUSY_TIMEOUT, connect, faults, is_damage, room, schema_of, trouble
from lanrage.store.files import PRIVATE, make_folder, sync_folder
from lanrage.store.migrate import migrate
from lanrage.store.state_folder import BACKUPS, REPLACED, Backup, StateFolder

KEPT = 8
"""Backups kept, the newest: a week of daily ones, at most 8 times the database's size. The newest of each older schema
is kept beside them, for the way back from an update."""
DONE = 101
"""``SQLITE_DONE`` of a finished copy."""


@attrs.frozen
class Copy:
    """A finished copy.

    :param schema: version of its tables.
    :param size: bytes.
    """

    path: Path
    schema: int
    size: int


def copy_database(
    state: StateFolder,
    source: Path,
    target: Path,
    *,
    newest: int | None = None,
    publish: Callable[[], None] = lambda: None,
) -> Copy:
    """Copy a database, with what stands in its WAL, into one whole file; others may read and write it meanwhile.

    :param newest: the schema that must not be exceeded; any where none is given.
    :param publish: called when the copy is on disk, before it gets its name.
    :raises StoreError: the source cannot be read, or is damaged; the target is not there then.
    """
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(6)}")
    try:
        os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE))
        try:
            schema = _copy(source, temporary, newest)
            state.own(temporary)
            _sync(temporary)
            publish()
            temporary.replace(target)
            sync_folder(target.parent)
        except BaseException:
            for ending in ("", "-journal"):
                with contextlib.suppress(OSError):
                    temporary.with_name(temporary.name + ending).unlink()
            raise
    except sqlite3.Error as error:
        if is_damage(error):
            raise trouble(source, error) from error
        raise StoreError(f"{source} cannot be copied to {target}: {error}{room(target)}") from error
    except OSError as error:
        raise StoreError(f"{source} cannot be copied to {target}: {error.strerror}") from error
    return Copy(target, schema, target.stat().st_size)


def _copy(source: Path, temporary: Path, newest: int | None) -> int:
    deadline = time.monotonic() + BUSY_TIMEOUT

    def watch(status: int, remaining: int, total: int) -> None:
        if status != DONE and time.monotonic() > deadline:
            raise StoreError(f"{source} is locked by another program")

    with contextlib.closing(connect(source, "ro")) as reader, contextlib.closing(connect(temporary)) as writer:
        schema = schema_of(reader, source, newest)
        writer.execute("PRAGMA synchronous = OFF")  # the whole file is synced once, at the end
        reader.backup(writer, progress=watch)
        writer.execute("PRAGMA journal_mode = DELETE")
        if wrong := faults(writer):
            raise StoreError(f"{source} is damaged ({wrong[0]})")
    return schema


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_backup(state: StateFolder, now: float) -> Copy:
    """A backup in the state folder; the oldest ones go, or the last one where it is the same.

    :raises StoreError: there is no database, it is damaged, or the backup cannot be written.
    """
    _require(state.path)
    folder = make_folder(state.folder / BACKUPS)
    try:
        state.own(folder)
        with contextlib.closing(connect(state.path, "ro")) as connection:
            schema = schema_of(connection, state.path)
    except (sqlite3.Error, OSError) as error:
        raise trouble(state.path, error) from error
    before = state.backups()
    copy = copy_database(state, state.path, state.backup_path(schema, now))
    old_ones = superfluous(state.backups())
    with contextlib.suppress(OSError):
        # Many starts that fail, or days on which nothing happens, must not push out what is different.
        if before and filecmp.cmp(before[-1].path, copy.path, shallow=False):
            old_ones = [before[-1]]
    for old in old_ones:
        with contextlib.suppress(OSError):
            old.path.unlink()
    return copy


def superfluous(backups: list[Backup]) -> list[Backup]:
    """Which may go: all but the newest ones and the newest of each schema."""
    newest_of = {backup.schema: backup for backup in backups}
    return [backup for backup in backups[:-KEPT] if newest_of[backup.schema] is not backup]


def export(state: StateFolder, target: Path) -> Copy:
    """A backup at a place of the user's choice.

    :raises StoreError: as :func:`make_backup`, or something is there already.
    """
    _require(state.path)
    if target.exists():
        raise StoreError(f"{target} exists already")
    return copy_database(state, state.path, target)


def restore(state: StateFolder, source: Path, now: float) -> tuple[Copy, Path | None]:
    """Put a copy of a database in the place of the present one, which is set aside.

    The caller holds the folder's lock.

    :returns: the copy, and the new name of what was there.
    :raises StoreError: the source is missing or damaged; nothing was changed.
    """
    _require(source)
    aside: list[Path] = []

    def make_room() -> None:
        target = state.set_aside(REPLACED, now)
        if target.exists():
            aside.append(target)

    copy = copy_database(state, source, state.path, newest=len(migrations()), publish=make_room)
    return copy, aside[0] if aside else None


def start_empty(state: StateFolder, now: float) -> Path | None:
    """Begin with a database without parties; the present one is set aside.

    The caller holds the folder's lock.

    :returns: the new name of what was there.
    :raises StoreError: it cannot be written.
    """
    fresh = state.folder / f".new.{secrets.token_hex(6)}.db"
    try:
        os.close(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE))
        try:
            with contextlib.closing(connect(fresh)) as connection:
                migrate(connection, fresh, migrations())
            return restore(state, fresh, now)[1]
        finally:
            fresh.unlink()
    except (sqlite3.Error, OSError) as error:
        raise trouble(state.path, error) from error


def _require(path: Path) -> None:
    """:raises StoreError: the file is not there, or holds nothing."""
    try:
        if path.stat().st_size:
            return
    except FileNotFoundError as error:
        raise StoreError(f"{path} does not exist") from error
    except OSError as error:
        raise trouble(path, error) from error
    raise StoreError(f"{path} is empty")
