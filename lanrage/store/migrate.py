"""Lead a database from its schema version to the newest, one numbered step after another, each in one transaction."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

from lanrage.errors import StoreError
from lanrage.store.database import Migration
from lanrage.store.database_file import APPLICATION_ID, is_damage


def migrate(
    connection: sqlite3.Connection,
    path: Path,
    steps: Sequence[Migration],
    before: Callable[[], object] = lambda: None,
) -> None:
    """Carry out the steps that the database lacks.

    :param before: called before each step on a database that holds something: makes a backup.
    :raises StoreError: a step failed and was taken back; or what `before` raises.
    :raises sqlite3.Error: the database is damaged.
    """
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    for step in steps[version:]:
        if version:  # a new database holds nothing
            before()
        try:
            connection.executescript(
                f"BEGIN IMMEDIATE; {step.sql}; PRAGMA application_id = {APPLICATION_ID};"
                f" PRAGMA user_version = {step.version}; COMMIT;"
            )
        except sqlite3.Error as error:
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            if is_damage(error):
                raise
            raise StoreError(
                f"{path} cannot be led to schema {step.version} ({step.name}) and is as it was: {error}"
            ) from error
