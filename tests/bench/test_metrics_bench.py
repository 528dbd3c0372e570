"""The bench of metrics, with little of everything."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.bench.metrics import BYTES_LIMIT, run


class MetricsBenchTests(SynchronousTestCase):
    """``python -m tests.bench metrics``."""

    def test_figures(self) -> None:
        """Each figure is there; bytes and windows keep their limits whatever else the machine does."""
        figures = run(["--adds", "20000", "--rounds", "1", "--fast-seconds", "4", "--slow-seconds", "40"])
        self.assertTrue(0.0 < figures["adds_ratio"] < 10.0)
        self.assertTrue(16.0 <= figures["bytes_a_sample"] <= BYTES_LIMIT)
        self.assertLess(figures["window_ratio"], 1.0)
        self.assertEqual((40_000, 4_000), (figures["fast"]["samples"], figures["slow"]["samples"]))
        self.assertIs(bool, type(figures["ok"]))
