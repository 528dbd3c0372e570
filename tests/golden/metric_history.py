"""Capture of the file that holds the metrics' history."""

from __future__ import annotations

import sqlite3
from array import array

from lanrage.core.metric_rows import MetricRow, SeriesRow, SpanRow, StoredSpans
from lanrage.core.span_ring import Span, numbers_of
from lanrage.core.stored_rows import Put
from lanrage.store.metric_tables import SCHEMA_VERSION, make_tables, read_series, read_spans, write_changes
from tests.golden.case import CAPTURES

PATH = CAPTURES / f"metrics-v{SCHEMA_VERSION}.sql"
SERIES = (
    SeriesRow(1, "lanrage_process_open_fds", (), 3600.0),
    SeriesRow(2, "lanrage_path_rtt_seconds", ("5eed" * 8, "public"), 7200.5),
)
MINUTE, HOUR, DAY = (Span(86400.0, 60 * each, -0.5, 2.25, 30.125) for each in (1, 60, 1440))
SPANS = tuple(SpanRow(2, *each) for each in (("minute", 1439, MINUTE), ("hour", 719, HOUR), ("day", 29, DAY)))
ROWS: tuple[MetricRow, ...] = (*SERIES, *SPANS)


def dump() -> str:
    """A file of today with these rows, as SQL."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        make_tables(connection)
        write_changes(connection, [Put(row) for row in ROWS])
        lines = [line for line in connection.iterdump() if line not in ("BEGIN TRANSACTION;", "COMMIT;")]
        pragmas = [f"PRAGMA {name} = {connection.execute(f'PRAGMA {name}').fetchone()[0]};" for name in PRAGMAS]
    finally:
        connection.close()
    return "\n".join((*lines, *pragmas)) + "\n"


PRAGMAS = ("application_id", "user_version")


def read(text: str) -> tuple[list[SeriesRow], dict[str, StoredSpans]]:
    """What today's code reads of a dumped file: the series, and the spans of the second one."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        connection.executescript(text)
        return read_series(connection), read_spans(connection, 2, 1e9)
    finally:
        connection.close()


def expected() -> dict[str, StoredSpans]:
    """The spans of the second series."""
    packed: dict[str, array[float]] = {row.step: numbers_of(row.span) for row in SPANS}
    return {row.step: StoredSpans(packed[row.step], row.slot) for row in SPANS}
