"""Look through a database of the control server: its structure, and every row's signatures; nothing is changed."""

from __future__ import annotations

import contextlib
import sqlite3
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import attrs

from lanrage.core.world_load import load_world
from lanrage.core.world_rows import Row
from lanrage.errors import StoreError
from lanrage.store.database import Migration, migrations
from lanrage.store.database_file import connect, faults, is_damage, schema_of, trouble
from lanrage.store.migrate import migrate
from lanrage.store.tables import KEYS, read_rows

PROBLEMS_LIMIT = 100
"""Sentences about one file: enough to see what kind of damage it is."""


@attrs.frozen
class Examination:
    """What a database holds, and what is wrong with it.

    :param schema: version of its tables.
    :param rows: how many of each table.
    :param problems: one sentence each; empty when all is well.
    """

    path: Path
    schema: int = 0
    rows: dict[str, int] = attrs.field(factory=dict)
    problems: tuple[str, ...] = ()


def examine(path: Path, steps: Sequence[Migration] | None = None) -> Examination:
    """Look through a file, also while a server uses it.

    :param steps: the migrations; this LANrage's where none are given.
    :raises StoreError: it is missing, of another program, of a newer LANrage, or cannot be read.
    """
    if not path.exists():
        raise StoreError(f"{path} does not exist")
    schema, steps = 0, migrations() if steps is None else steps
    try:
        with contextlib.closing(connect(path, "ro")) as connection:
            schema = schema_of(connection, path, len(steps))
            if not schema:
                return Examination(path, 0, problems=("it holds no tables",))
            if wrong := faults(connection, thorough=True, limit=PROBLEMS_LIMIT):
                return Examination(path, schema, problems=tuple(wrong))
            rows = _rows(connection, path, schema, steps)
    except (sqlite3.Error, OSError) as error:
        if is_damage(error):
            return Examination(path, schema, problems=(str(error),))
        raise trouble(path, error) from error
    counts = Counter(KEYS[type(row)][0] for row in rows)
    tables = {table: counts[table] for table, _ in KEYS.values()}
    return Examination(path, schema, tables, tuple(broken_rows(rows)[:PROBLEMS_LIMIT]))


def _rows(connection: sqlite3.Connection, path: Path, schema: int, steps: Sequence[Migration]) -> list[Row]:
    """All rows; those of an older schema by way of a copy in memory, which the migrations lead to the newest."""
    if schema == len(steps):
        return read_rows(connection)
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as copy:
        connection.backup(copy)
        migrate(copy, path, steps)
        return read_rows(copy)


def broken_rows(rows: Sequence[Row]) -> list[str]:
    """What does not hold: one sentence for each party with a bad row, or one for the whole."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(getattr(row, "party_id", ""), []).append(row)
    wrong = [sentence for group in groups.values() if (sentence := _broken(group))]
    if not wrong and (sentence := _broken(rows)):
        wrong = [sentence]
    return wrong


def _broken(rows: Sequence[Row]) -> str:
    try:
        load_world(rows)
    except StoreError as error:
        return str(error)
    return ""
