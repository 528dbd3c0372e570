"""The latency bench: its figures are what they say."""

from __future__ import annotations

import random

from twisted.trial.unittest import SynchronousTestCase

from tests.bench.latency import ERROR_RATIO, KINDS, RELAYS, ROUNDS, WARM_UP, Sums, run, trace


class LatencyBenchTests(SynchronousTestCase):
    """A small run."""

    def test_keeps_its_limit(self) -> None:
        """Over all kinds, and each spiky one, the error is 30 % lower; the spiky ones pick the best relay no less."""
        figures = run(["--traces", "5"])
        self.assertTrue(figures["ok"])
        self.assertLessEqual(figures["error_ratio"], ERROR_RATIO)
        self.assertLessEqual(figures["spiky"]["error_ratio"], figures["error_ratio"])
        self.assertGreaterEqual(figures["spiky"]["best_ratio"], 1.0)
        self.assertEqual(set(KINDS), set(figures["kinds"]))

    def test_same_seed(self) -> None:
        """A run can be repeated; another seed is another run."""
        self.assertEqual(run(["--traces", "2"]), run(["--traces", "2"]))
        self.assertNotEqual(run(["--traces", "2"]), run(["--traces", "2", "--seed", "2"]))

    def test_sums(self) -> None:
        """Errors are against the truth, ties count as best."""
        sums = Sums()
        sums.add([0.02, 0.03], [0.05, 0.03], [0.02, 0.04])
        sums.add([0.0200, 0.0205], [0.03, 0.02], [0.02, 0.03])
        self.assertEqual((1, 2, 4, 2), (sums.raw_best, sums.smooth_best, sums.samples, sums.rounds))
        self.assertAlmostEqual(0.03 + 0.0 + 0.01 + 0.0005, sums.raw_error)
        self.assertAlmostEqual(0.0 + 0.01 + 0.0 + 0.0095, sums.smooth_error)

    def test_length(self) -> None:
        """Each round but the first few counts once for every relay."""
        sums = trace(KINDS["quiet"], random.Random(1))
        self.assertEqual((ROUNDS - WARM_UP, RELAYS * (ROUNDS - WARM_UP)), (sums.rounds, sums.samples))
