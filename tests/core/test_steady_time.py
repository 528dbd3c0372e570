"""The time of samples."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.steady_time import PATIENCE, STEP, SteadyTime

STEPS = st.lists(st.tuples(st.floats(0.01, 100.0), st.floats(-1e6, 1e6)), max_size=40)


class SteadyTimeTests(SynchronousTestCase):
    """:class:`SteadyTime`."""

    @given(STEPS)
    def test_never_back(self, steps: list[tuple[float, float]]) -> None:
        """Whatever is done to the machine's clock, each time is at least as much later as the steady clock is."""
        time, steady, last = SteadyTime(1e6), 0.0, 1e6
        for seconds, change in steps:
            steady += seconds
            now = time.at(steady, 1e6 + steady + change)
            self.assertGreaterEqual(now, last + seconds - 1e-6)
            last = now

    def test_set_right(self) -> None:
        """A clock that stays ahead is followed after a while; one that is set back meanwhile, or drifts, is not."""
        time = SteadyTime(1000.0)
        self.assertEqual(1001.0, time.at(1.0, 9000.0))
        self.assertEqual(1030.0, time.at(30.0, 1030.0))
        self.assertEqual(1031.0, time.at(31.0, 9030.0))
        self.assertEqual(1030.0 + PATIENCE, time.at(30.0 + PATIENCE, 9060.0))
        self.assertEqual(9061.0, time.at(31.0 + PATIENCE, 9061.0))
        self.assertEqual(9062.0, time.at(32.0 + PATIENCE, 9062.0 + STEP / 2))
        self.assertEqual(9062.0 + 2 * PATIENCE, time.at(32.0 + 3 * PATIENCE, 9062.0 + 2 * PATIENCE + STEP / 2))
