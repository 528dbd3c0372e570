"""The tunnel bench: its arithmetic, and a short run."""

from __future__ import annotations

from itertools import pairwise

import hypothesis.strategies as st
import pytest
from hypothesis import given
from twisted.trial.unittest import SynchronousTestCase

from lanrage.lab import netns
from tests.bench.tunnel import jitter, run
from tests.lab.bare import own


class JitterTests(SynchronousTestCase):
    """RFC 3550."""

    @given(st.lists(st.floats(0, 1000), max_size=40))
    def test_bounds(self, times: list[float]) -> None:
        """Steady trips have none; any others less than their greatest step."""
        steps = [abs(b - a) for a, b in pairwise(times)]
        self.assertLessEqual(0.0, jitter(times))
        self.assertLessEqual(jitter(times), max(steps, default=0.0))
        self.assertEqual(jitter([5.0] * len(times)), 0.0)


@pytest.mark.lab
@pytest.mark.needs("root", "ip", "nft", "tun", "wireguard-go")
class RunTests(SynchronousTestCase):
    """Real links."""

    def test_short(self) -> None:
        """Nothing of the game is lost by either way, the stream flows by both, and nothing is left."""
        name = own("g-tun")
        figures = run(["--seconds", "1", "--rounds", "1", "--name", name])
        for way in ("bare", "link"):
            self.assertEqual(figures[way]["lost"], 0)
            self.assertGreater(figures[way]["bulk_mbit_s"], 1.0)
            self.assertGreater(figures[way]["rtt_p99_ms"], 0.0)
        self.assertLess(figures["throughput_ratio"], 1.0)
        self.assertEqual([space for space in netns.existing() if name in space], [])
