"""The file of the metrics' history."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from array import array
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.metric_history import STEPS
from lanrage.core.metric_rows import MetricChange, MetricRow, SeriesRow, SpanRow, StoredSpans
from lanrage.core.span_ring import Span, numbers_of
from lanrage.core.stored_rows import Erase, Put
from lanrage.errors import StoreError
from lanrage.store.metric_store import FILE, MetricStore, file_of
from tests.fakes_metrics import MetricClock
from tests.strategies_metrics import TEXTS

EMPTY = {step: StoredSpans() for step in STEPS}
RTT = SeriesRow(3, "rtt", ("b1", 'a "kind"'), 60.0)
SPANS = tuple(SpanRow(3, "minute", slot, Span(60.0 * (1 + slot), 60, -1.5, 2.0, 33.25)) for slot in range(3))


def puts(*rows: MetricRow) -> list[MetricChange]:
    """Changes."""
    return [Put(row) for row in rows]


def packed(*spans: Span) -> array[float]:
    """As a ring has them."""
    found = array("d")
    for span in spans:
        found += numbers_of(span)
    return found


class StoreCase(SynchronousTestCase):
    """A folder, and stores on it whose threads are the test's own."""

    def setUp(self) -> None:
        """An empty folder."""
        self.folder = Path(tempfile.mkdtemp(prefix="lanrage-metric-store-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.path = self.folder / FILE

    def store(self, file: str = FILE) -> MetricStore:
        """One more process; not open."""
        clock = MetricClock()
        store = MetricStore(clock, self.folder, lambda: clock, file)
        self.addCleanup(lambda: self.of(store.close()))
        return store

    def of(self, work: Coroutine[Any, Any, Any]) -> Any:
        """What comes of it."""
        return self.successResultOf(Deferred.fromCoroutine(work))

    def filled(self, changes: list[MetricChange]) -> MetricStore:
        """A closed store with what these changes leave, open again."""
        store = self.store()
        self.of(store.open())
        self.of(store.apply(changes))
        self.of(store.close())
        return self.store()

    def refused(self, store: MetricStore) -> str:
        """Why it does not open."""
        failure = self.failureResultOf(Deferred.fromCoroutine(store.open()), StoreError)
        return str(failure.value)


class FileTests(StoreCase):
    """Rows."""

    def test_comes_back(self) -> None:
        """Series and spans as they were, each step by itself in the order of time, with the newest one's slot."""
        hour = SpanRow(3, "hour", 719, Span(0.0, 3600, 1.0, 1.0, 3600.0))
        other = SpanRow(4, "minute", 0, Span(60.0, 1, 5.0, 5.0, 5.0))
        store = self.filled(puts(other, *reversed(SPANS), hour, RTT, SeriesRow(4, "x", (), 1.0)))
        self.assertEqual([RTT, SeriesRow(4, "x", (), 1.0)], self.of(store.open()))
        minutes, hours = packed(*(row.span for row in SPANS)), packed(hour.span)
        expected = {"minute": StoredSpans(minutes, 2), "hour": StoredSpans(hours, 719), "day": StoredSpans()}
        self.assertEqual(expected, self.of(store.spans(3, 1e9)))
        self.assertEqual(EMPTY, self.of(store.spans(5, 1e9)))
        self.assertEqual((0o600, 0o600), tuple(path.stat().st_mode & 0o777 for path in (self.path, store.path)))

    def test_later_ones(self) -> None:
        """What began later than the present, when a clock was wrong, is not read."""
        store = self.filled(puts(RTT, *SPANS))
        self.of(store.open())
        found = self.of(store.spans(3, 120.0))
        self.assertEqual(StoredSpans(packed(SPANS[0].span, SPANS[1].span), 1, 3), found["minute"])
        self.assertEqual(StoredSpans(array("d"), -1, 3), self.of(store.spans(3, 0.0))["minute"])

    def test_full_of_later_ones(self) -> None:
        """In a full ring those that there are more of stay."""
        days = [SpanRow(3, "day", slot, Span(86400.0 * (1 + slot), 1, 1.0, 1.0, 1.0)) for slot in range(30)]
        store = self.filled(puts(RTT, *days))
        self.of(store.open())
        for until, slot, after in ((5, 4, -1), (25, 24, 0), (30, 29, -1)):
            found = self.of(store.spans(3, 86400.0 * until))["day"]
            self.assertEqual((slot, after), (found.slot, found.after))

    def test_of_each_role_its_own(self) -> None:
        """A node, a control server and a relay keep theirs in one folder."""
        for file in (FILE, file_of("control"), file_of("relay")):
            store = self.store(file)
            self.assertEqual([], self.of(store.open()))
            self.assertEqual(self.folder / file, store.path)
            self.of(store.apply([Put(RTT)]))

    def test_place_taken(self) -> None:
        """A span takes the place of the one in its slot; an erased series goes with its spans, whatever the order."""
        new = SpanRow(3, "minute", 0, Span(240.0, 1, 1.0, 1.0, 1.0))
        store = self.filled(puts(RTT, *SPANS))
        self.of(store.open())
        self.of(store.apply([Put(new)]))
        numbers = packed(SPANS[1].span, SPANS[2].span, new.span)
        self.assertEqual(StoredSpans(numbers, 0), self.of(store.spans(3, 1e9))["minute"])
        self.of(store.apply([Erase(SeriesRow, RTT.key), Put(new), Put(SeriesRow(4, "rtt", RTT.labels, 9.0))]))
        self.assertEqual(EMPTY, self.of(store.spans(3, 1e9)))
        self.of(store.close())
        self.assertEqual([SeriesRow(4, "rtt", RTT.labels, 9.0)], self.of(self.store().open()))

    @settings(max_examples=20, deadline=None)
    @given(st.lists(TEXTS, max_size=3), st.floats(allow_nan=False, allow_infinity=False), st.integers(1, 2**53))
    def test_any(self, labels: list[str], value: float, count: int) -> None:
        """Any labels and numbers come back."""
        if self.path.exists():
            self.path.unlink()
        row, span = SeriesRow(1, "m", tuple(labels), value), Span(value, count, value, value, value)
        store = self.filled([Put(row), Put(SpanRow(1, "day", 29, span))])
        self.assertEqual([row], self.of(store.open()))
        self.assertEqual(StoredSpans(packed(span), 29), self.of(store.spans(1, value))["day"])
        self.of(store.close())

    def test_killed(self) -> None:
        """What was applied is there for the next process though this one never closed it."""
        store = self.store()
        self.of(store.open())
        self.of(store.apply(puts(RTT, *SPANS)))
        for path in list(self.folder.glob(f"{FILE}*")):
            shutil.copy(path, self.folder / path.name.replace("metrics", "left"))
        self.of(store.close())
        for ending in ("", "-wal"):
            (self.folder / f"left.db{ending}").replace(f"{self.path}{ending}")
        again = self.store()
        self.assertEqual([RTT], self.of(again.open()))
        self.assertEqual(2, self.of(again.spans(3, 1e9))["minute"].slot)


class TroubleTests(StoreCase):
    """Files that cannot be used."""

    def test_damaged(self) -> None:
        """It is set aside, one such file at most, and a new one is begun."""
        for content in (b"no database at all" * 99, b"another one" * 99):
            self.path.write_bytes(content)
            store = self.store()
            self.assertEqual([], self.of(store.open()))
            self.of(store.close())
            self.assertEqual(content, (self.folder / f"{FILE}.damaged").read_bytes())
        self.assertEqual({FILE, f"{FILE}.damaged", f"{FILE}.lock"}, {path.name for path in self.folder.iterdir()})

    def test_nonsense(self) -> None:
        """A series that makes no sense is damage, too."""
        self.filled([Put(RTT)])
        connection = sqlite3.connect(self.path, isolation_level=None)
        connection.execute("UPDATE series SET labels = 'no list'")
        connection.close()
        self.assertEqual([], self.of(self.store().open()))
        self.assertTrue((self.folder / f"{FILE}.damaged").exists())

    def test_a_span_that_is_text(self) -> None:
        """It costs its series, and no other."""
        self.filled(puts(RTT, *SPANS))
        connection = sqlite3.connect(self.path, isolation_level=None)
        connection.execute("UPDATE span SET low = 'x' WHERE slot = 1")
        connection.close()
        store = self.store()
        self.of(store.open())
        failure = self.failureResultOf(Deferred.fromCoroutine(store.spans(3, 1e9)), StoreError)
        self.assertIn("series 3", str(failure.value))
        self.assertEqual(EMPTY, self.of(store.spans(4, 1e9)))

    def test_whose(self) -> None:
        """Another process has it; it is another program's; it is of a newer LANrage: refused, and left as it is."""
        first = self.store()
        self.of(first.open())
        self.assertIn("in use by another service", self.refused(self.store()))
        self.of(first.close())
        for pragma, text in (("user_version = 2", "update LANrage"), ("application_id = 5", "another program")):
            connection = sqlite3.connect(self.path, isolation_level=None)
            connection.execute(f"PRAGMA {pragma}")
            connection.close()
            before = self.path.read_bytes()
            self.assertIn(text, self.refused(self.store()))
            self.assertEqual(before, self.path.read_bytes())

    def test_no_folder(self) -> None:
        """A folder that cannot be made is named."""
        (self.folder / "file").write_bytes(b"")
        store = MetricStore(clock := MetricClock(), self.folder / "file" / "state", lambda: clock)
        self.assertIn("file/state cannot be made", self.refused(store))

    def test_closed(self) -> None:
        """What comes after the end is an error; nothing is lost silently."""
        failure = self.failureResultOf(Deferred.fromCoroutine(self.store().apply([Put(RTT)])), StoreError)
        self.assertIn("not open", str(failure.value))

    def test_half_a_batch(self) -> None:
        """A batch that fails leaves nothing, and the next one is carried out."""
        store = self.store()
        self.of(store.open())
        assert store._connection is not None
        store._connection.execute("PRAGMA query_only = 1")
        self.failureResultOf(Deferred.fromCoroutine(store.apply([Put(RTT)])), StoreError)
        store._connection.execute("PRAGMA query_only = 0")
        self.of(store.apply([Put(SeriesRow(4, "x", (), 1.0))]))
        self.of(store.close())
        self.assertEqual([SeriesRow(4, "x", (), 1.0)], self.of(self.store().open()))

    def test_rows_that_no_file_can_hold(self) -> None:
        """They are dropped and counted; the others of the batch are written."""
        store = self.store()
        self.of(store.open())
        wrong = (Span(60.0, 0, 1.0, 1.0, 1.0), Span(60.0, 1, float("nan"), 1.0, 1.0), Span(60.0, 2**70, 1.0, 1.0, 1.0))
        for span in wrong:
            self.of(store.apply([Put(SpanRow(3, "hour", 0, span)), *puts(RTT, *SPANS)]))
        self.assertEqual((3, 1), (store.dropped, store.series))
        found = self.of(store.spans(3, 1e9))
        self.assertEqual((StoredSpans(), 2), (found["hour"], found["minute"].slot))

    def test_damaged_while_open(self) -> None:
        """It is set aside, whoever keeps it is told, and the next batch is in a new file."""
        store = self.store()
        told: list[str] = []
        store.begun_anew = lambda: told.append("anew")
        self.of(store.open())
        self.of(store.apply(puts(RTT, *SPANS)))
        self.spoil(store)
        self.of(store.apply(puts(RTT, *SPANS)))
        self.assertEqual((["anew"], 3, 1), (told, store.dropped, store.series))
        self.assertTrue((self.folder / f"{FILE}.damaged").exists())
        self.of(store.apply(puts(*SPANS)))
        self.assertEqual(2, self.of(store.spans(3, 1e9))["minute"].slot)
        self.assertEqual(["anew"], told)

    def spoil(self, store: MetricStore) -> None:
        """Write nonsense over the file and all that SQLite holds of it."""
        connection = store._connection
        assert connection is not None
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with self.path.open("r+b") as file:
            file.write(b"nonsense" * (self.path.stat().st_size // 8))
        connection.execute("PRAGMA shrink_memory")

    def test_looked_at_when_opened(self) -> None:
        """Damage that only a look through the whole file finds is found as it is opened."""
        store = self.filled(puts(RTT, *SPANS))
        connection = sqlite3.connect(self.path, isolation_level=None)
        connection.execute("PRAGMA ignore_check_constraints = 1")
        connection.execute("UPDATE span SET count = 0 WHERE slot = 1")
        connection.close()
        self.assertEqual([], self.of(store.open()))
        self.assertTrue((self.folder / f"{FILE}.damaged").exists())

    def test_spans_of_none(self) -> None:
        """Spans whose series is not there are gone after the next opening."""
        store = self.filled(puts(*SPANS))
        self.of(store.open())
        self.assertEqual(EMPTY, self.of(store.spans(3, 1e9)))
