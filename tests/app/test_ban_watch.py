"""The ban list follows its file; what is wrong with it is told once and changes nothing."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import cast

from twisted.internet.task import Clock
from twisted.logger import ILogObserver, LogEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app import ban_watch
from lanrage.app.ban_watch import INTERVAL, BanWatch
from lanrage.core.bans import Bans
from lanrage.errors import BadInput


class BanWatchTests(SynchronousTestCase):
    """One file."""

    def setUp(self) -> None:
        """A list of one network."""
        folder = Path(tempfile.mkdtemp(prefix="lanrage-bans-"))
        self.addCleanup(shutil.rmtree, folder)
        self.path, self.clock = folder / "bans", Clock()
        self.path.write_text("192.0.2.0/24\n", encoding="utf-8")
        self.lists: list[Bans] = []
        self.watch = BanWatch(self.clock, self.path, self.lists.append)
        self.lines: list[LogEvent] = []
        observer = cast(ILogObserver, self.lines.append)
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)

    @property
    def warnings(self) -> int:
        """Warnings so far."""
        return sum(line["log_level"].name == "warn" for line in self.lines)

    def test_read_again_when_it_changes(self) -> None:
        """At the start, and after each change, also by a file that takes its place; not in between."""
        self.watch.start()
        self.clock.pump([INTERVAL] * 5)
        self.assertEqual([Bans.parse("192.0.2.0/24")], self.lists)
        self.path.write_text("198.51.100.7\n192.0.2.0/24\n", encoding="utf-8")
        self.clock.pump([INTERVAL] * 5)
        self.assertEqual(Bans.parse("198.51.100.7\n192.0.2.0/24"), self.lists[-1])
        other = self.path.with_name("new")
        other.write_text("203.0.113.9\n", encoding="utf-8")
        os.replace(other, self.path)
        self.clock.pump([INTERVAL] * 5)
        self.assertEqual((3, Bans.parse("203.0.113.9")), (len(self.lists), self.lists[-1]))
        self.watch.stop()
        self.assertEqual(([], 0), (self.clock.getDelayedCalls(), self.warnings))

    def test_trouble_later(self) -> None:
        """A list that goes wrong, or away, leaves the bans in force, with one warning for each; then it counts anew."""
        self.watch.start()
        self.path.write_text("nonsense\n", encoding="utf-8")
        self.clock.pump([INTERVAL] * 5)
        self.assertEqual((1, 1), (len(self.lists), self.warnings))
        self.path.unlink()
        self.clock.pump([INTERVAL] * 5)
        self.assertEqual((1, 2), (len(self.lists), self.warnings))
        self.path.write_text("", encoding="utf-8")
        self.clock.pump([INTERVAL] * 5)
        self.assertEqual(Bans(), self.lists[-1])
        self.watch.stop()

    def test_trouble_at_the_start(self) -> None:
        """A server that is to ban does not start without its list."""
        for content in (None, b"nonsense", b"\xff\xfe", b"#" * (ban_watch.FILE_LIMIT + 1)):
            if content is None:
                self.path.unlink()
            else:
                self.path.write_bytes(content)
            with self.assertRaises(BadInput) as caught:
                self.watch.start()
            self.assertEqual("ban-file", caught.exception.field)
        self.watch.stop()
        self.assertEqual([], self.clock.getDelayedCalls())
