"""The bench of detection runs, and tells a game from what is none."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.bench.detect import Watcher, costs, figures, latencies


class DetectBenchTests(SynchronousTestCase):
    """``python -m tests.bench detect``."""

    def test_small(self) -> None:
        """A start is noticed, and what it costs is read."""
        folder = Path(tempfile.mkdtemp(prefix="lanrage-bench-"))
        self.addCleanup(shutil.rmtree, folder)
        watcher = Watcher()
        self.addCleanup(watcher.close)
        self.assertIn(watcher.say("events")["is_mode"], ("events", "polling"))
        (taken,) = latencies(watcher, folder, 1, 0.1 if watcher.say("events")["is_mode"] == "events" else 6.0, 1)
        self.assertLess(taken, 10_000)
        idle = costs(watcher, "events", 1, 0.1)
        self.assertEqual((len(idle["on_s"]), len(idle["off_s"])), (1, 1))

    def test_figures(self) -> None:
        """Of a hundred the 99th counts."""
        found = figures([float(number) for number in range(1, 101)])
        self.assertEqual((found["p50_ms"], found["p99_ms"], found["max_ms"]), (50.5, 99.01, 100.0))
