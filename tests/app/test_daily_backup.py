"""The daily backup: when it is due, what is told, and that stopping waits for it."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import cast

from twisted.internet.defer import Deferred
from twisted.logger import ILogObserver, LogEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.daily_backup import LOOK, PERIOD, DailyBackup
from lanrage.errors import StoreError
from lanrage.store.backup import Copy
from lanrage.store.state_folder import BACKUPS, StateFolder
from tests.fakes_threads import ThreadClock

NOW = 1_800_000_000.0


class DailyBackupTests(SynchronousTestCase):
    """On a folder, with a copy that is made at once."""

    def setUp(self) -> None:
        """A server that starts."""
        self.state = StateFolder(Path(tempfile.mkdtemp(prefix="lanrage-daily-")))
        self.addCleanup(shutil.rmtree, self.state.folder)
        (self.state.folder / BACKUPS).mkdir()
        self.clock = ThreadClock()
        self.made: list[float] = []
        self.trouble: Exception | None = None
        self.backup = DailyBackup(self.clock, self.state, self.now, self.make)
        self.said: list[str] = []
        observer = cast(ILogObserver, self.hear)
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)
        self.backup.start()

    def hear(self, event: LogEvent) -> None:
        """A log line."""
        self.said.append(str(event.get("log_format")))

    def now(self) -> float:
        """Seconds since the epoch."""
        return NOW + self.clock.seconds()

    def make(self, state: StateFolder, now: float) -> Copy:
        """A backup by name alone."""
        self.made.append(now - NOW)
        if self.trouble is not None:
            raise self.trouble
        path = state.backup_path(1, now)
        path.write_bytes(b"x")
        return Copy(path, 1, 1)

    def test_once_a_day(self) -> None:
        """The first a while after the start, then one a day, however often is looked."""
        self.clock.pump([LOOK] * round(3 * PERIOD / LOOK))
        self.assertEqual([LOOK, LOOK + PERIOD, LOOK + 2 * PERIOD], self.made)

    def test_a_young_backup_will_do(self) -> None:
        """One that was made before a restart counts; one from the future, of a clock that went back, does not."""
        young = self.state.backup_path(1, NOW - PERIOD / 2)
        young.write_bytes(b"x")
        self.clock.pump([LOOK] * 3)
        self.assertEqual([], self.made)
        young.unlink()
        self.state.backup_path(1, NOW + 2 * PERIOD).write_bytes(b"x")
        self.clock.pump([LOOK])
        self.assertEqual(1, len(self.made))

    def test_failure_is_told_and_tried_again(self) -> None:
        """A full disk or a damaged database is one line, and the next look tries anew."""
        self.trouble = StoreError("control.db is damaged")
        self.clock.pump([LOOK] * 2)
        self.trouble = None
        self.clock.pump([LOOK] * 2)
        self.assertEqual([LOOK, 2 * LOOK, 3 * LOOK], self.made)
        self.assertEqual(2, self.said.count("no backup could be made: {reason}"))

    def test_stop_waits(self) -> None:
        """A backup that is being made is finished; stopping without a start, or twice, is nothing."""
        self.clock.held = []
        self.clock.advance(LOOK)
        stopped = self.backup.stop()
        self.assertNoResult(stopped)
        self.clock.let_go()
        self.successResultOf(stopped)
        self.assertEqual(([LOOK], []), (self.made, self.clock.getDelayedCalls()))
        self.successResultOf(self.backup.stop())
        idle: Deferred[object] = DailyBackup(self.clock, self.state).stop()
        self.successResultOf(idle)

    def test_bug_is_logged(self) -> None:
        """Anything else ends the backups with a line, not the server."""
        self.trouble = ValueError("a bug")
        self.clock.pump([LOOK] * 2)
        self.assertEqual([LOOK], self.made)
        self.assertEqual(1, len(self.flushLoggedErrors(ValueError)))
        self.successResultOf(self.backup.stop())
