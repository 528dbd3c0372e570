"""The metrics' bench runs, and its figures have the shape that is read."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.bench.metrics import run


class MetricsBenchTests(SynchronousTestCase):
    """``python -m tests.bench metrics``."""

    def test_small(self) -> None:
        """Few samples: what does not hang on the machine's speed keeps its limits."""
        found = run(["--adds", "2000", "--hours", "0.02", "--fast", "2", "--samples", "5", "--members", "2"])
        self.assertLessEqual(found["bytes_per_sample"], 20)
        self.assertLess(found["window"]["ratio_to_scan"], 0.5)
        samples = [found[each]["samples"] for each in ("hour_of_100_a_second", "day_of_one_a_second")]
        self.assertEqual([20_000, 7_200], samples)
        self.assertGreater(found["adds_per_s"], 10_000)
        self.assertGreater(found["reactor_ms_per_s"], 0)
