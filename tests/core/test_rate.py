"""The token bucket."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.rate import TokenBucket


class RateTests(SynchronousTestCase):
    """So many at once, so many a second."""

    @given(steps=st.lists(st.floats(0, 3), max_size=60), rate=st.floats(0.5, 20), burst=st.floats(1, 20))
    def test_never_more_than_the_rate(self, steps: list[float], rate: float, burst: float) -> None:
        """In any stretch of time at most burst + rate x seconds pass."""
        bucket, now, passed = TokenBucket(rate, burst), 0.0, 0
        for step in steps:
            now += step
            passed += bucket.take(now)
        self.assertLessEqual(passed, burst + rate * now + 1e-6)

    def test_burst_then_rate(self) -> None:
        """Five at once, then one each half second; a clock that goes back gives nothing."""
        bucket = TokenBucket(2.0, 5.0)
        self.assertEqual([True] * 5 + [False], [bucket.take(10.0) for _ in range(6)])
        self.assertEqual([False, True, False], [bucket.take(at) for at in (10.4, 10.5, 10.6)])
        self.assertFalse(bucket.take(1.0))
        self.assertFalse(bucket.take(1.3))
        self.assertTrue(bucket.take(1.9))
