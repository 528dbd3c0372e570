"""The counts of timed operations, compared with a plain list of all calls."""

from __future__ import annotations

import math
from itertools import pairwise

import attrs
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.timings import RECENT, SLOWEST, WARN_PAUSE, CallCounts, Outcome, SlowCall, Slowest, TimedCalls

DURATIONS = st.lists(st.floats(0.0, 100.0), max_size=RECENT + 50)


def slow_call(seconds: float, number: int) -> SlowCall:
    """One of the slowest calls."""
    return SlowCall(seconds, float(number), "a.b", Outcome.DONE)


class TimedCallsTests(SynchronousTestCase):
    """One operation."""

    @given(DURATIONS, st.integers(1, 64))
    def test_sums(self, durations: list[float], sample: int) -> None:
        """Counts, sum and longest are those of all calls, the ring holds the last; a sample stands for the others."""
        calls = TimedCalls("a.b", sample=sample)
        for duration in durations:
            calls.note(duration)
        self.assertEqual((calls.calls, calls.longest), (len(durations) * sample, max(durations, default=0.0)))
        self.assertAlmostEqual(calls.seconds, sum(durations) * sample)
        self.assertEqual(list(calls.recent), durations[-RECENT:])

    @given(DURATIONS.filter(bool), st.floats(0.0, 1.0))
    def test_percentile(self, durations: list[float], share: float) -> None:
        """It is a duration that was seen; at least the share of all lies at or below it, and less below it alone."""
        calls = TimedCalls("a.b")
        for duration in durations:
            calls.note(duration)
        seen, value = durations[-RECENT:], calls.percentile(share)
        self.assertIn(value, seen)
        self.assertGreaterEqual(sum(each <= value for each in seen), share * len(seen) - 1e-6)
        self.assertTrue(value == min(seen) or sum(each < value for each in seen) < share * len(seen))

    def test_nothing_timed(self) -> None:
        """Without calls all is 0."""
        self.assertEqual(TimedCalls("a.b").percentile(0.5), 0.0)

    def test_outcomes(self) -> None:
        """Failures and cancellations are counted apart."""
        calls = TimedCalls("a.b", sample=2)
        for outcome in (Outcome.DONE, Outcome.FAILED, Outcome.FAILED, Outcome.CANCELLED):
            calls.note(1.0)
            calls.ended_badly(outcome)
        self.assertEqual((calls.calls, calls.failures, calls.cancelled), (8, 4, 2))

    def test_one_warning_a_pause(self) -> None:
        """Slow calls are told once in a pause; the next warning says how many were not."""
        calls = TimedCalls("a.b")
        told = [calls.warns(at) for at in (0.0, 1.0, WARN_PAUSE - 0.1, WARN_PAUSE, WARN_PAUSE + 1, 3 * WARN_PAUSE)]
        self.assertEqual(told, [0, None, None, 2, None, 1])
        self.assertEqual(calls.slow_calls, 6)

    @given(st.lists(st.sampled_from((*Outcome, "reset"))))
    def test_reset(self, story: list[Outcome | str]) -> None:
        """The counts never go back, whoever resets; those since the last reset are as of a new one."""
        calls, fresh, totals = TimedCalls("a.b", 1.0, 3), TimedCalls("a.b", 1.0, 3), [CallCounts()]
        for step in story:
            if isinstance(step, Outcome):
                for each in (calls, fresh):
                    each.note(2.0)
                    each.ended_badly(step)
                    each.warns(5.0)
            else:
                calls.reset()
                fresh = TimedCalls("a.b", 1.0, 3)
            self.assertEqual((calls.since_reset(), calls.recent), (fresh.counts, fresh.recent))
            self.assertEqual((calls.longest, calls.percentile(0.5)), (fresh.longest, fresh.percentile(0.5)))
            totals.append(calls.counts)
        for before, after in pairwise(totals):
            self.assertTrue(all(a <= b for a, b in zip(attrs.astuple(before), attrs.astuple(after), strict=True)))
        self.assertEqual(totals[-1].calls, 3 * sum(isinstance(step, Outcome) for step in story))

    def test_threshold(self) -> None:
        """Threshold and sample stay after a reset; without one nothing is slow."""
        calls = TimedCalls("a.b", 1.0, 3)
        calls.reset()
        self.assertEqual((calls.slow, calls.sample, TimedCalls("a.b").slow), (1.0, 3, math.inf))


class SlowestTests(SynchronousTestCase):
    """The slowest calls."""

    @given(st.lists(st.floats(0.0, 10.0), max_size=3 * SLOWEST))
    def test_the_slowest_of_all(self, durations: list[float]) -> None:
        """It holds the slowest of all, the slowest first; what is not above the floor would change nothing."""
        slowest = Slowest()
        calls = [slow_call(seconds, number) for number, seconds in enumerate(durations)]
        for call in calls:
            if call.seconds > slowest.floor or len(slowest.calls()) < SLOWEST:
                slowest.note(call)
        wanted = sorted(durations, reverse=True)[:SLOWEST]
        self.assertEqual([call.seconds for call in slowest.calls()], wanted)
        self.assertEqual(slowest.floor, wanted[-1] if len(wanted) == SLOWEST else 0.0)

    def test_reset(self) -> None:
        """After a reset it is empty, and takes in whatever comes."""
        slowest = Slowest()
        for number in range(SLOWEST):
            slowest.note(slow_call(1.0, number))
        slowest.reset()
        slowest.note(slow_call(0.5, 1))
        self.assertEqual([call.seconds for call in slowest.calls()], [0.5])
