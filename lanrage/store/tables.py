"""Rows as SQLite has them: one table a class of :mod:`lanrage.core.world_rows`, one column a field."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any, cast

import attrs

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

Value = str | bytes | int | float | None

KEYS: dict[type[Row], tuple[str, tuple[str, ...]]] = {
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


def _columns(kind: type[Row]) -> tuple[str, ...]:
    return tuple(field.name for field in attrs.fields(cast(Any, kind)))


def _put_statement(kind: type[Row]) -> str:
    table, _ = KEYS[kind]
    names = _columns(kind)
    return f"INSERT OR REPLACE INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"


def _erase_statement(kind: type[Row]) -> str:
    table, keys = KEYS[kind]
    return f"DELETE FROM {table} WHERE {' AND '.join(f'{key} = ?' for key in keys)}"


_PUT = {kind: _put_statement(kind) for kind in ROW_KINDS}
_ERASE = {kind: _erase_statement(kind) for kind in ROW_KINDS}
_VALUES: dict[type[Row], Callable[[Row], tuple[Value, ...]]] = {
    kind: cast(Callable[[Row], tuple[Value, ...]], attrgetter(*_columns(kind))) for kind in ROW_KINDS
}


def read_rows(connection: sqlite3.Connection) -> list[Row]:
    """All rows, in the order of :data:`lanrage.core.world_rows.ROW_KINDS`.

    :raises sqlite3.Error: as SQLite says.
    """
    rows: list[Row] = []
    for kind in ROW_KINDS:
        query = f"SELECT {', '.join(_columns(kind))} FROM {KEYS[kind][0]} ORDER BY {', '.join(KEYS[kind][1])}"
        rows += [kind(*values) for values in connection.execute(query)]
    return rows


def write_batch(connection: sqlite3.Connection, batch: Sequence[Change]) -> int:
    """Carry changes out inside the open transaction; each key stands in the batch once, so that order is free.

    :returns: bytes of the values.
    :raises sqlite3.Error: as SQLite says.
    """
    statements: dict[str, list[tuple[Value, ...]]] = {}
    size = 0
    for change in batch:
        if isinstance(change, Put):
            statement, values = _PUT[change.kind], _VALUES[change.kind](change.row)
        else:
            statement, values = _ERASE[change.kind], change.key
        statements.setdefault(statement, []).append(values)
        size += sum(len(value) if isinstance(value, (bytes, str)) else 8 for value in values)
    for statement, rows in statements.items():
        connection.executemany(statement, rows)
    return size
