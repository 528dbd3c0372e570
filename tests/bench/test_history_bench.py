"""The bench of the history on disk runs, and what it finds after the restart is what was measured before."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.bench.history import run


class HistoryBenchTests(SynchronousTestCase):
    """``python -m tests.bench history``."""

    def test_small(self) -> None:
        """Half an hour of a party of three: a row for each minute and series, in few transactions."""
        found = run(["--hours", "0.5", "--members", "3"])
        self.assertGreaterEqual(found["rows_per_hour"], 58 * found["series"])
        self.assertLessEqual(found["transactions_per_hour"], 65)
        self.assertGreaterEqual(found["minutes_after_restart"], 30)
        self.assertGreater(found["reactor_ms_per_hour"], 0)
