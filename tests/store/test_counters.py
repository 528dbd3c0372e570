"""The journal's counters: percentiles in fixed memory."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.store.counters import SAMPLES, Latencies

TIMES = st.floats(0, 1e6, allow_nan=False)


class LatencyTests(SynchronousTestCase):
    """The last samples."""

    @given(st.lists(TIMES, min_size=1, max_size=50), st.floats(0.01, 1))
    def test_percentile(self, times: list[float], share: float) -> None:
        """It is a sample that at least that share does not exceed, and no smaller sample is."""
        latencies = Latencies()
        for seconds in times:
            latencies.add(seconds)
        found = latencies.percentile(share)
        self.assertIn(found, times)
        self.assertGreaterEqual(sum(seconds <= found for seconds in times), share * len(times) - 1e-9)
        self.assertLess(sum(seconds < found for seconds in times), share * len(times))
        self.assertEqual((times[-1], max(times), sum(times)), (latencies.last, latencies.longest, latencies.total))

    def test_only_the_last_count(self) -> None:
        """Memory is fixed: the oldest samples go; the longest of all is remembered."""
        latencies = Latencies()
        self.assertEqual(latencies.percentile(0.5), 0.0)
        for number in range(3 * SAMPLES):
            latencies.add(float(number))
        self.assertEqual(latencies.percentile(0.0001), float(2 * SAMPLES))
        self.assertEqual(latencies.percentile(1), float(3 * SAMPLES - 1))
        latencies.add(0.0)
        self.assertEqual((latencies.longest, len(latencies._ring)), (float(3 * SAMPLES - 1), SAMPLES))
