"""Log-outs by a clock."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.log_outs import LogOuts
from lanrage.core.log_outs import GRACE


class LogOutsTests(SynchronousTestCase):
    """Agents as they are counted."""

    def setUp(self) -> None:
        """One is there."""
        self.clock, self.count, self.outs = Clock(), 1, 0
        self.watch = LogOuts(self.clock, lambda: self.count, self.out)
        self.watch.start()

    def out(self) -> None:
        """All have logged out."""
        self.outs += 1

    def now(self, count: int) -> None:
        """So many are there."""
        self.count = count
        self.watch.look()

    def test_log_out(self) -> None:
        """It is told after the grace, once, and again after the next log-in."""
        for times in (1, 2):
            self.now(0)
            self.clock.advance(GRACE - 0.1)
            self.assertEqual(self.outs, times - 1)
            self.clock.pump([0.1, GRACE, GRACE])
            self.assertEqual((self.outs, self.clock.getDelayedCalls()), (times, []))
            self.now(1)

    def test_started_anew(self) -> None:
        """An agent that comes back within the grace has logged nobody out; looking twice puts nothing off."""
        self.now(0)
        self.clock.advance(GRACE / 2)
        self.now(1)
        self.clock.advance(GRACE)
        self.assertEqual((self.outs, self.clock.getDelayedCalls()), (0, []))
        self.now(0)
        self.clock.advance(GRACE / 2)
        self.now(0)
        self.clock.advance(GRACE / 2)
        self.assertEqual(self.outs, 1)

    def test_stopped(self) -> None:
        """A node that stops loses its agents, and nobody has logged out; neither has who went before it began."""
        self.now(0)
        self.watch.stop()
        self.now(1)
        self.now(0)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.watch.start()
        self.clock.advance(GRACE)
        self.assertEqual(self.outs, 0)
