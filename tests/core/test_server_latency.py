"""How far a server is: against the rule written out plainly, and at each edge of its tables."""

from __future__ import annotations

from statistics import fmean

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.path_pace import FAR_INTERVAL, MIDDLE_INTERVAL, NEAR_INTERVAL, measuring_interval
from lanrage.core.quality import TREND_SAMPLES, Trend, trend
from lanrage.core.server_latency import BEST_AGAIN, METHODS, LatencyMethod, ServerLatency

PING, QUERY, CONNECT, NAME = METHODS
MILLISECONDS = st.floats(0.0, 2.0)
ROUNDS = st.lists(st.lists(MILLISECONDS, min_size=1, max_size=3), min_size=1, max_size=30)


class PlainRule:
    """The rule as it is written: median of three, 0.3 x now + 0.7 x before, ten values halved, 60/30/10 s."""

    def __init__(self) -> None:
        self.values: list[float] = []

    def measure(self, samples: list[float]) -> None:
        """Some samples."""
        count, ordered = len(samples), sorted(samples)
        middle = ordered[1] if count == 3 else ordered[0] if count == 1 else (ordered[0] + ordered[1]) / 2
        self.values.append(middle if not self.values else 0.3 * middle + 0.7 * self.values[-1])

    @property
    def trend(self) -> str:
        """Over the last ten."""
        if len(self.values) < 10:
            return "stable"
        last = self.values[-10:]
        before, after = fmean(last[:5]), fmean(last[5:])
        return "degrading" if after > 1.05 * before else "improving" if after < 0.95 * before else "stable"

    @property
    def interval(self) -> int:
        """Seconds."""
        value = self.values[-1]
        if len(self.values) < 10 or value > 0.150 or self.trend == "degrading":
            return 10
        return 60 if value < 0.050 and self.trend == "stable" else 30


class RuleTests(SynchronousTestCase):
    """Any measurements."""

    @given(ROUNDS)
    def test_plain_rule(self, rounds: list[list[float]]) -> None:
        """After each measurement value, trend and interval are those of the plain rule."""
        state, plain = ServerLatency(), PlainRule()
        for number, samples in enumerate(rounds):
            state.measured(PING, samples, float(number))
            plain.measure(samples)
            self.assertAlmostEqual(plain.values[-1], state.value or 0.0)
            self.assertEqual(plain.trend, state.trend)
            self.assertEqual(plain.interval, state.interval)

    @given(st.floats(0.0, 0.2), st.sampled_from(Trend))
    def test_intervals(self, rtt: float, going: Trend) -> None:
        """One of three, shorter for the farther, shortest for what gets worse."""
        seconds = measuring_interval(rtt, going)
        self.assertIn(seconds, {60.0, 30.0, 10.0})
        self.assertLessEqual(measuring_interval(rtt + 0.1, going), seconds)
        self.assertLessEqual(measuring_interval(rtt, Trend.DEGRADING), seconds)


class EdgeTests(SynchronousTestCase):
    """Where the rows of the tables meet."""

    def test_intervals(self) -> None:
        """50 and 150 ms themselves are in the middle row; near, but improving, is not stable and there as well."""
        cases = {
            (0.0499, Trend.STABLE): NEAR_INTERVAL,
            (0.050, Trend.STABLE): MIDDLE_INTERVAL,
            (0.0499, Trend.IMPROVING): MIDDLE_INTERVAL,
            (0.150, Trend.STABLE): MIDDLE_INTERVAL,
            (0.150, Trend.IMPROVING): MIDDLE_INTERVAL,
            (0.1501, Trend.STABLE): FAR_INTERVAL,
            (0.1501, Trend.IMPROVING): FAR_INTERVAL,
            (0.001, Trend.DEGRADING): FAR_INTERVAL,
            (0.100, Trend.DEGRADING): FAR_INTERVAL,
        }
        self.assertEqual((60.0, 30.0, 10.0), (NEAR_INTERVAL, MIDDLE_INTERVAL, FAR_INTERVAL))
        self.assertEqual(cases, {(rtt, going): measuring_interval(rtt, going) for rtt, going in cases})

    def test_trend(self) -> None:
        """A change of just 5 % is stable, a hair beyond it is not; nine values never are a trend."""
        cases = {
            105.0: Trend.STABLE,
            105.001: Trend.DEGRADING,
            95.0: Trend.STABLE,
            94.999: Trend.IMPROVING,
        }
        self.assertEqual(cases, {after: trend([100.0] * 5 + [after] * 5) for after in cases})
        self.assertIs(Trend.STABLE, trend([100.0] * 4 + [900.0] * 5))

    def test_lost_samples(self) -> None:
        """The median of what came: the middle of three, the mean of two, the one itself."""
        for samples, value in (([0.3, 0.1, 0.2], 0.2), ([0.1, 0.3], 0.2), ([0.1], 0.1)):
            state = ServerLatency()
            state.measured(PING, samples, 0.0)
            self.assertAlmostEqual(value, state.value or 0.0)


class MethodTests(SynchronousTestCase):
    """The ways to measure."""

    def test_order(self) -> None:
        """The best first; of those that can be used."""
        self.assertEqual(["icmp", "query", "connect", "dns"], [str(method) for method in METHODS])
        self.assertEqual([PING, CONNECT], ServerLatency().methods({CONNECT, PING}))

    def test_stays_with_what_answers(self) -> None:
        """A blocked way is left out, and tried again each tenth time and after a failure."""
        state = ServerLatency()
        tried = []
        for number in range(2 * BEST_AGAIN + 1):
            tried.append(state.methods(METHODS))
            state.measured(QUERY, [0.01], float(number))
        whole = [number for number, methods in enumerate(tried) if methods[0] is PING]
        self.assertEqual([0, BEST_AGAIN, 2 * BEST_AGAIN], whole)
        self.assertEqual([QUERY, CONNECT, NAME], tried[1])
        state.missed()
        self.assertEqual(list(METHODS), state.methods(METHODS))

    def test_values_are_not_mixed(self) -> None:
        """Another way begins anew; nothing that answers is no value, and is measured again soon."""
        state = ServerLatency()
        for number in range(TREND_SAMPLES):
            state.measured(PING, [0.01], float(number))
        self.assertEqual((PING, 60.0), (state.method, state.interval))
        state.measured(CONNECT, [0.04], 11.0)
        self.assertEqual((CONNECT, 0.04, 10.0, 11.0), (state.method, state.value, state.interval, state.at))
        state.missed()
        self.assertEqual((None, 10.0), (state.value, state.interval))
        state.measured(LatencyMethod.CONNECT, [0.04], 12.0)
        self.assertAlmostEqual(0.04, state.value or 0.0)
