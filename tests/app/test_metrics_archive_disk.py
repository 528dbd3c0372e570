"""The metrics' history while the disk cannot be used, is slow, or is behind."""

from __future__ import annotations

import sqlite3

from lanrage.app import metrics_archive
from lanrage.app.metrics_archive import FIRST_RETRY, INTERVAL, LAST_RETRY, LATE, PAUSE
from lanrage.app.metrics_keeper import FORGET_AFTER
from lanrage.store.metric_store import FILE
from lanrage.timing import TIMINGS
from tests.app.archive_life import BEN, EVA, START, ArchiveCase, Life


class DiskTests(ArchiveCase):
    """A disk that cannot be used for a while."""

    def spoil(self, life: Life, on: bool) -> None:
        """The disk is read-only, or is not."""
        assert life.store._connection is not None
        life.store._connection.execute(f"PRAGMA query_only = {int(on)}")

    def test_read_only(self) -> None:
        """One warning, the measuring goes on, and all is written when the disk is well again, however late."""
        life = self.life()
        life.run(100, BEN)
        self.spoil(life, True)
        life.run(600, BEN)
        self.assertGreater(life.told()["failures_total"], 5)
        self.assertEqual(1, self.warned("changes wait"))
        self.assertEqual(700, sum(count for _, count in life.history("minute")))
        self.spoil(life, False)
        life.run(20, BEN)
        self.assertEqual(0.0, life.told()["waiting"])
        self.kill(life)
        again = self.life(life.now)
        again.run(1, BEN)
        self.assertEqual(60 * 11 + 1, sum(count for _, count in again.history("minute")))

    def test_bounded(self) -> None:
        """While it cannot be written, few rows wait; those of the rings are written later all the same."""
        self.patch(metrics_archive, "WAITING_LIMIT", 6)
        life = self.life()
        life.run(70, BEN)
        self.spoil(life, True)
        life.run(1200, BEN)
        self.assertLessEqual(life.told()["waiting"], 8)
        self.spoil(life, False)
        life.run(30, BEN)
        self.kill(life)
        again = self.life(life.now)
        again.run(1, BEN)
        self.assertEqual(60 * 21 + 1, sum(count for _, count in again.history("minute")))

    def test_not_at_the_start(self) -> None:
        """A file that cannot be opened is tried again; then the history of before is put before what was measured."""
        life = self.life()
        life.run(130, BEN)
        self.stop(life)
        kept = self.folder.rename(self.folder.with_name(self.folder.name + "-kept"))
        self.folder.write_bytes(b"")
        late = self.life(START + 180)
        late.run(int(LAST_RETRY) * 2, BEN)
        self.assertEqual(1, self.warned("tried again"))
        self.folder.unlink()
        kept.rename(self.folder)
        late.run(int(LAST_RETRY) + 2, BEN)
        self.assertEqual([(0.0, 60), (1.0, 60), (2.0, 10)], late.history("minute")[:3])
        self.assertEqual(130 + 182, sum(count for _, count in late.history("minute")))
        self.stop(late)
        again = self.life(late.now)
        again.run(1, BEN)
        self.assertEqual(130 + 183, sum(count for _, count in again.history("minute")))

    def test_two_processes(self) -> None:
        """The second one says so, keeps its history in memory, and takes the file when the first one is gone."""
        first = self.life()
        second = self.life()
        second.run(10, BEN)
        self.assertIn("in use by another service", second.archive.trouble)
        self.stop(first)
        second.run(int(2 * FIRST_RETRY) + 1, BEN)
        self.assertEqual("", second.archive.trouble)

    def test_a_series_that_cannot_be_read(self) -> None:
        """It is tried again; the others are read."""
        life = self.life()
        life.run(130, BEN, EVA)
        self.stop(life)
        connection = sqlite3.connect(self.folder / FILE, isolation_level=None)
        number = connection.execute("SELECT number FROM series WHERE labels LIKE '%b1%'").fetchone()
        connection.execute("UPDATE span SET low = 'x' WHERE series = ? AND slot = 0", number)
        again = self.life(START + 180)
        again.run(10, BEN, EVA)
        self.assertEqual([(3.0, 10)], again.history("minute"))
        self.assertEqual((0.0, 60), again.history("minute", EVA[0])[0])
        connection.execute("UPDATE span SET low = 0.5 WHERE series = ? AND slot = 0", number)
        connection.close()
        again.run(10, BEN, EVA)
        self.assertEqual([(0.0, 60), (1.0, 60), (2.0, 10), (3.0, 20)], again.history("minute"))

    def test_ended_before_it_was_read(self) -> None:
        """What a series measured whose history could not be read in its life is written when it can be, behind that."""
        life = self.life()
        life.run(130, BEN)
        self.stop(life)
        kept = self.folder.rename(self.folder.with_name(self.folder.name + "-kept"))
        self.folder.write_bytes(b"")
        late = self.life(START + 180)
        late.run(100, BEN)
        late.run(int(FORGET_AFTER) + 5)
        self.folder.unlink()
        kept.rename(self.folder)
        late.run(int(LAST_RETRY) + 10)
        self.stop(late)
        again = self.life(late.now)
        again.run(1, BEN)
        found = again.history("minute")
        self.assertEqual([(0.0, 60), (1.0, 60), (2.0, 10), (3.0, 60), (4.0, 40)], found[:-1])

    def test_stopped_before_it_was_read(self) -> None:
        """Likewise at the end of the service."""
        life = self.life()
        life.run(130, BEN)
        self.stop(life)
        again = self.life(START + 180)
        again.run(1)
        again.clock.held = []
        again.run(69, BEN)
        again.clock.let_go()
        self.stop(again)
        last = self.life(START + 300)
        last.run(1, BEN)
        self.assertEqual([(0.0, 60), (1.0, 60), (2.0, 10), (3.0, 59), (4.0, 10), (5.0, 1)], last.history("minute"))

    def test_damaged_while_it_runs(self) -> None:
        """The file is set aside, and all that is in memory is written into a new one."""
        life = self.life()
        life.run(200, BEN, EVA)
        connection = life.store._connection
        assert connection is not None
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (self.folder / FILE).write_bytes(b"nonsense" * (life.store.path.stat().st_size // 8))
        connection.execute("PRAGMA shrink_memory")
        life.run(160, BEN, EVA)
        self.assertEqual(1, self.warned("is damaged"))
        self.stop(life)
        again = self.life(life.now)
        again.run(5, BEN, EVA)
        for address in (BEN[0], EVA[0]):
            self.assertEqual(365, sum(count for _, count in again.history("minute", address)))

    def test_of_its_own(self) -> None:
        """Its batches are no writes of the control server's: neither their times nor their warnings."""
        before = {name: TIMINGS.calls[name].calls for name in ("state.flush", "metrics.flush")}
        life = self.life()
        life.run(100, BEN)
        self.spoil(life, True)
        life.run(70, BEN)
        self.assertEqual(before["state.flush"], TIMINGS.calls["state.flush"].calls)
        self.assertGreater(TIMINGS.calls["metrics.flush"].calls, before["metrics.flush"] + 1)
        (warning,) = [line for line in self.tape.where(level="warning") if "changes wait" in line["message"]]
        self.assertIn("metrics_archive", str(warning))
        self.spoil(life, False)

    def test_trouble(self) -> None:
        """While rows wait for the disk it says why."""
        life = self.life()
        life.run(100, BEN)
        self.assertEqual("", life.archive.trouble)
        self.spoil(life, True)
        life.run(60, BEN)
        self.assertIn("readonly", life.archive.trouble)
        self.spoil(life, False)
        life.run(60, BEN)
        self.assertEqual("", life.archive.trouble)

    def test_a_few_at_a_time(self) -> None:
        """After an outage no sample brings more rows than a bound; nothing is missing in the end."""
        self.patch(metrics_archive, "ROWS", 10)
        self.patch(metrics_archive, "WAITING_LIMIT", 1)
        life = self.life()
        life.run(70, BEN, EVA)
        self.spoil(life, True)
        life.run(1800, BEN, EVA)
        self.spoil(life, False)
        self.patch(metrics_archive, "WAITING_LIMIT", 1000)
        most, journal = 0, life.archive._journal
        assert journal is not None
        for _ in range(120):
            before = journal.counters.queued
            life.run(1, BEN, EVA)
            most = max(most, journal.counters.queued - before)
        self.assertLessEqual(most, 14)
        self.kill(life)
        again = self.life(life.now)
        again.run(1, BEN, EVA)
        self.assertEqual([60] * 33, [count for _, count in again.history("minute")[:33]])

    def test_many_end(self) -> None:
        """Of series that end while nothing can be written a few wait; those that are lost are counted."""
        self.patch(metrics_archive, "WAITING_LIMIT", 1)
        self.patch(metrics_archive, "ENDED_LIMIT", 3)
        life = self.life()
        members = [(f"10.66.1.{number}", f"M{number}", f"m{number}") for number in range(8)]
        life.run(70, *members)
        self.spoil(life, True)
        life.run(70, *members)
        life.run(int(FORGET_AFTER) + 5)
        self.assertEqual(5.0, life.told()["dropped_total"])
        self.assertLessEqual(life.told()["waiting"], 4)
        self.spoil(life, False)

    def test_looked_at_in_turn(self) -> None:
        """No sample looks at more series than a bound."""
        self.patch(metrics_archive, "LOOKED", 2)
        life = self.life()
        members = [(f"10.66.1.{number}", f"M{number}", f"m{number}") for number in range(5)]
        life.run(int(60 + LATE), *members)
        journal = life.archive._journal
        assert journal is not None
        found = []
        for _ in range(4):
            before = journal.counters.queued
            life.run(1, *members)
            found.append((journal.counters.queued - before) // 2)
        self.assertEqual([2, 2, 2, 0], found)

    def test_seen(self) -> None:
        """A series that is still written is not the one that gives way to a new one."""
        life = self.life()
        life.run(100, BEN)
        life.run(10, BEN, EVA)
        life.run(7300, EVA)
        seen = {row.labels: row.seen for row in life.archive._index._rows.values()}
        self.assertGreaterEqual(seen[(EVA[2],)] - seen[(BEN[2],)], 3600.0)

    def test_slow(self) -> None:
        """While the thread is busy the samples go on; a stop in the middle leaves nothing."""
        life = self.life()
        life.run(70, BEN)
        self.stop(life)
        again = Life(self.folder, START + 120)
        again.run(1)
        again.clock.held = []
        again.run(10, BEN)
        self.assertEqual([(2.0, 10)], again.history("minute"))
        stopped = again.archive.stopService()
        again.clock.let_go()
        again.clock.pump([PAUSE] * 5 + [INTERVAL] * 3)
        self.successResultOf(stopped)
        self.assertEqual([], again.clock.getDelayedCalls())
