"""The kernel's timer."""

from __future__ import annotations

import signal
import time
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from lanrage.net.wall_timer import WallTimer


class WallTimerTests(SynchronousTestCase):
    """With a real signal."""

    def setUp(self) -> None:
        """Count signals."""
        self.came = 0
        self.addCleanup(signal.signal, signal.SIGUSR2, signal.signal(signal.SIGUSR2, self.count))
        self.timer = WallTimer(signal.SIGUSR2)
        self.addCleanup(self.timer.close)

    def count(self, *_: object) -> None:
        """One came."""
        self.came += 1

    def until(self, count: int) -> float:
        """Work until so many came; the seconds that it took."""
        began = time.monotonic()
        while self.came < count and time.monotonic() < began + 10.0:
            pass
        self.assertEqual(self.came, count)
        return time.monotonic() - began

    def test_once_an_arming(self) -> None:
        """It sends one signal each time, not before the time has come."""
        self.timer.arm(0.02)
        self.assertGreaterEqual(self.until(1), 0.019)
        self.timer.arm(0.001)
        self.until(2)
        began = time.monotonic()
        while time.monotonic() < began + 0.02:
            pass
        self.assertEqual(self.came, 2)

    def test_the_last_wish_counts(self) -> None:
        """To arm it again makes the earlier time void."""
        self.timer.arm(3600.0)
        self.timer.arm(0.001)
        self.until(1)

    def test_closed(self) -> None:
        """The kernel has forgotten it; to close or arm it again is no error."""
        self.timer.arm(0.01)
        for _ in range(2):
            self.timer.close()
            self.timer.arm(0.001)
        self.assertEqual((Path("/proc/self/timers").read_text(encoding="ascii"), self.came), ("", 0))

    def test_no_time(self) -> None:
        """A time in the past is the kernel's error."""
        self.assertRaises(OSError, self.timer.arm, -1.0)
