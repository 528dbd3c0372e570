"""The sampler's bench runs, and what it measures is what a party has."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.bench.sampler import run


class SamplerBenchTests(SynchronousTestCase):
    """``python -m tests.bench sampler``."""

    def test_small(self) -> None:
        """A party of four: all sources are read, with series of every member, and no failure."""
        small, larger = (run(["--members", str(members), "--samples", "20"]) for members in (2, 4))
        self.assertEqual((0, 0), (small["failures"], larger["failures"]))
        self.assertGreaterEqual(larger["series"] - small["series"], 2 * 14)
        self.assertGreater(larger["page_bytes"], 10_000)
