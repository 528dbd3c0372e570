"""The metrics' history as SQLite has it: two tables, and what their rows mean."""

from __future__ import annotations

import json
import sqlite3
from array import array
from collections.abc import Iterable, Sequence
from itertools import chain

from lanrage.core.metric_history import STEPS
from lanrage.core.metric_rows import MetricChange, SeriesRow, StoredSpans
from lanrage.core.stored_rows import Put
from lanrage.errors import StoreError

APPLICATION_ID = 0x4C414E68
"""``LANh``: tells our file from another program's."""
SCHEMA_VERSION = 1
TABLES = f"""
CREATE TABLE series (
    number INTEGER PRIMARY KEY, metric TEXT NOT NULL, labels TEXT NOT NULL, seen REAL NOT NULL, UNIQUE (metric, labels)
);
CREATE TABLE span (
    series INTEGER NOT NULL,
    step INTEGER NOT NULL CHECK (step BETWEEN 0 AND 2),
    slot INTEGER NOT NULL CHECK (slot >= 0),
    began REAL NOT NULL,
    count INTEGER NOT NULL CHECK (count > 0),
    low REAL NOT NULL,
    high REAL NOT NULL,
    total REAL NOT NULL,
    PRIMARY KEY (series, step, slot)
) WITHOUT ROWID;
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {SCHEMA_VERSION};
"""
"""Labels are a JSON array; a step is the number of minute, hour, day in this order."""

_NUMBERS = {step: number for number, step in enumerate(STEPS)}
_SPANS = """
SELECT began, max(count), low, high, total, slot FROM span
WHERE series = ? AND step = ? AND began <= ? GROUP BY began ORDER BY began
"""
_LATER = "SELECT slot, began FROM span WHERE series = ? AND step = ? AND began > ?"
_PUT_SPAN = "INSERT OR REPLACE INTO span VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_PUT_SERIES = "INSERT OR REPLACE INTO series VALUES (?, ?, ?, ?)"


def make_tables(connection: sqlite3.Connection) -> None:
    """In an empty file; all or nothing.

    :raises sqlite3.Error: as SQLite says.
    """
    connection.executescript(f"BEGIN IMMEDIATE; {TABLES} COMMIT;")


def read_series(connection: sqlite3.Connection) -> list[SeriesRow]:
    """All series; spans of none are removed.

    :raises sqlite3.Error: as SQLite says.
    :raises StoreError: a row makes no sense.
    """
    connection.execute("DELETE FROM span WHERE series NOT IN (SELECT number FROM series)")
    try:
        rows = connection.execute("SELECT number, metric, labels, seen FROM series ORDER BY number").fetchall()
        return [SeriesRow(number, metric, tuple(json.loads(labels)), seen) for number, metric, labels, seen in rows]
    except (TypeError, ValueError) as error:
        raise StoreError(f"a series of it makes no sense ({error})") from error


def count_series(connection: sqlite3.Connection) -> int:
    """How many there are.

    :raises sqlite3.Error: as SQLite says.
    """
    return int(connection.execute("SELECT count(*) FROM series").fetchone()[0])


def read_spans(connection: sqlite3.Connection, series: int, until: float) -> dict[str, StoredSpans]:
    """The spans of one series, of each step, packed.

    :param until: later ones are not read: the clock went wrong, then or now. Since nobody knows which, what comes goes
        behind them, and takes the place of the oldest.
    :raises sqlite3.Error: as SQLite says.
    :raises StoreError: a row makes no sense.
    """
    found = {}
    for step, number in _NUMBERS.items():
        rows = connection.execute(_SPANS, (series, number, until)).fetchall()
        try:
            numbers = array("d", chain.from_iterable(row[:5] for row in rows))
        except TypeError as error:
            raise StoreError(f"a span of series {series} makes no sense ({error})") from error
        slot = rows[-1][5] if rows else -1
        later = dict(connection.execute(_LATER, (series, number, until)).fetchall())
        taken = {row[5] for row in rows}
        found[step] = StoredSpans(numbers, slot, _behind(slot, taken, later, STEPS[step][1]))
    return found


def _behind(newest: int, taken: set[int], later: dict[int, float], kept: int) -> int:
    """The slot that is written next, where that is not simply the one behind the newest.

    :param taken: slots of spans up to now.
    :param later: slots of the others, and when they began.
    :param kept: slots of the ring.
    """
    if not later:
        return -1
    if newest < 0:
        return (max(later, key=lambda slot: later[slot]) + 1) % kept
    first = slot = (newest + 1) % kept
    while slot in later:
        slot = (slot + 1) % kept
    # In a full ring one side has to give way: the one that there is less of is of the time with the wrong clock.
    return -1 if slot == first or (slot in taken and len(later) > len(taken)) else slot


def write_changes(connection: sqlite3.Connection, batch: Sequence[MetricChange]) -> int:
    """Carry changes out inside the open transaction: what is put first, then what is erased, with all its spans.

    :returns: bytes of the values.
    :raises sqlite3.Error: as SQLite says.
    """
    series: list[tuple[int, str, str, float]] = []
    spans: list[tuple[int, int, int, float, int, float, float, float]] = []
    erased: list[int] = []
    for change in batch:
        if not isinstance(change, Put):
            erased.append(int(change.key[0]))
        elif isinstance(row := change.row, SeriesRow):
            series.append((row.number, row.metric, json.dumps(row.labels, ensure_ascii=False), row.seen))
        else:
            span, step = row.span, _NUMBERS[row.step]
            numbers = (span.timestamp, span.count, span.min, span.max, span.total)
            spans.append((row.series, step, row.slot, *numbers))
    _many(connection, _PUT_SERIES, series)
    _many(connection, _PUT_SPAN, spans)
    _many(connection, "DELETE FROM series WHERE number = ?", [(number,) for number in erased])
    _many(connection, "DELETE FROM span WHERE series = ?", [(number,) for number in erased])
    return 64 * len(spans) + sum(24 + len(metric) + len(labels) for _, metric, labels, _ in series)


def _many(connection: sqlite3.Connection, statement: str, rows: Iterable[tuple[object, ...]]) -> None:
    connection.executemany(statement, rows)
