"""Latency, jitter, loss, score, grade, trend and prediction of a path."""

from __future__ import annotations

import random
from statistics import median

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.loss import WINDOW_LIMIT
from lanrage.core.quality import (
    GRADE_FROM,
    JITTER_SHARE,
    LOSS_SAMPLES,
    PREDICTION_HORIZON,
    SCORES_KEPT,
    SMOOTHING,
    TREND_SAMPLES,
    Grade,
    Latency,
    Quality,
    Trend,
    ease,
    falls_below,
    grade,
    score,
    trend,
)

SECONDS = st.floats(0.0, 2.0)
MEASURED = st.tuples(SECONDS, SECONDS, st.floats(0.0, 1.0))


class ScoreTests(SynchronousTestCase):
    """0 to 100, of three parts."""

    def test_ends(self) -> None:
        """Each part is 100 at nothing and 0 at its worst; the shares are 40, 35 and 25 %."""
        self.assertEqual(100.0, score(0.0, 0.0, 0.0))
        self.assertAlmostEqual(60.0, score(0.150, 0.0, 0.0))
        self.assertAlmostEqual(65.0, score(0.0, 0.0, 0.05))
        self.assertAlmostEqual(75.0, score(0.0, 0.050, 0.0))
        self.assertEqual(0.0, score(0.150, 0.050, 0.05))
        self.assertAlmostEqual(0.4 * 50 + 0.35 * 80 + 0.25 * 90, score(0.075, 0.005, 0.01))

    @given(MEASURED, MEASURED)
    def test_order(self, one: tuple[float, float, float], other: tuple[float, float, float]) -> None:
        """In bounds, and never better where a figure is worse."""
        latency, jitter, loss = (max(mine, theirs) for mine, theirs in zip(one, other, strict=True))
        self.assertTrue(0.0 <= score(latency, jitter, loss) <= score(*one) <= 100.0)
        self.assertTrue(0.0 <= ease(one[0], one[1]) <= score(one[0], one[1], 0.0))

    @given(st.floats(0.0, 100.0))
    def test_grade(self, value: float) -> None:
        """The best letter whose bound the score reaches."""
        letters = [letter for letter, least in GRADE_FROM.items() if value >= least]
        self.assertIs(letters[0], grade(value))

    def test_grades(self) -> None:
        """The bounds themselves belong to the better grade."""
        self.assertEqual(
            [Grade.A, Grade.B, Grade.B, Grade.C, Grade.D, Grade.F],
            [grade(value) for value in (90.0, 89.9, 75.0, 60.0, 40.0, 39.9)],
        )


class LatencyTests(SynchronousTestCase):
    """Median of three, then smoothed."""

    @given(st.lists(SECONDS, min_size=1, max_size=50))
    def test_definition(self, samples: list[float]) -> None:
        """As the definition says, and never outside of what was measured."""
        latency, value = Latency(), None
        for count, sample in enumerate(samples, start=1):
            latency.add(sample)
            now = median(samples[max(0, count - 3) : count])
            value = now if value is None else SMOOTHING * now + (1 - SMOOTHING) * value
            self.assertAlmostEqual(value, latency.value or 0.0)
            self.assertTrue(min(samples) - 1e-9 <= (latency.value or 0.0) <= max(samples) + 1e-9)
        self.assertEqual(len(samples) >= TREND_SAMPLES, latency.settled)

    def test_spike(self) -> None:
        """One spike among equal samples changes nothing."""
        latency = Latency()
        for sample in (0.02, 0.02, 0.02, 0.9, 0.02, 0.02):
            latency.add(sample)
        self.assertAlmostEqual(0.02, latency.value or 0.0)

    def test_trend(self) -> None:
        """Five per cent between the halves of ten values; less is stable, and so are fewer values."""
        for factor, expected in (
            (1.06, Trend.DEGRADING),
            (1.04, Trend.STABLE),
            (0.96, Trend.STABLE),
            (0.94, Trend.IMPROVING),
        ):
            self.assertIs(expected, trend([0.1] * 5 + [0.1 * factor] * 5))
        self.assertIs(Trend.STABLE, trend([0.1] * 4 + [0.5] * 5))

    @given(st.lists(st.floats(0.001, 1.0), min_size=10, max_size=10))
    def test_mirror(self, values: list[float]) -> None:
        """What gets worse one way gets better the other, in the main; equal values are stable."""
        self.assertIs(Trend.STABLE, trend([values[0]] * 10))
        if trend(values) is Trend.DEGRADING:
            self.assertIsNot(Trend.DEGRADING, trend(values[::-1]))


class QualityTests(SynchronousTestCase):
    """All of it together."""

    @given(st.lists(st.tuples(st.booleans(), SECONDS, st.floats(0.0, 5.0)), max_size=200))
    def test_any_probes(self, probes: list[tuple[bool, float, float]]) -> None:
        """Whatever comes: figures in bounds, jitter as RFC 3550 has it, loss counted in the window, memory bounded."""
        quality, now, jitter, last = Quality(), 0.0, 0.0, None
        verdicts: list[tuple[float, bool]] = []
        for answered, sample, gap in probes:
            now += gap
            if answered:
                quality.answered(sample, now)
                jitter += 0.0 if last is None else (abs(sample - last) - jitter) / JITTER_SHARE
                last = sample
            else:
                quality.lost(now)
            verdicts.append((now, not answered))
            self.assertAlmostEqual(jitter, quality.jitter)
            for window in (quality.short, quality.long):
                inside = [lost for at, lost in verdicts if at > now - window.span]
                self.assertEqual((sum(inside), len(inside)), (window.lost, len(window)))
                self.assertAlmostEqual(sum(inside) / len(inside), window.share(now) or 0.0)
            self.assertTrue(0.0 <= quality.loss <= 1.0)
            self.assertEqual(quality.score is None, quality.rtt is None)
            self.assertTrue(0.0 <= (quality.score or 0.0) <= 100.0)
            self.assertEqual(quality.score is None, quality.grade is None)
            prediction = quality.prediction
            self.assertTrue(prediction is None or 0.0 <= prediction <= PREDICTION_HORIZON)
        self.assertLessEqual(len(quality._scores), SCORES_KEPT)

    def test_memory(self) -> None:
        """A thousand probes a second do not fill it."""
        quality = Quality()
        for step in range(20000):
            quality.answered(0.02, step / 1000)
        self.assertLessEqual(max(len(quality.short), len(quality.long)), WINDOW_LIMIT)
        self.assertLessEqual(len(quality._scores), SCORES_KEPT)

    def test_few_verdicts(self) -> None:
        """One lost of two is no loss of half; of ten it counts."""
        quality = Quality()
        quality.answered(0.02, 0.0)
        quality.lost(0.1)
        self.assertEqual(0.0, quality.loss)
        for step in range(LOSS_SAMPLES - 2):
            quality.answered(0.02, 0.2 + step / 10)
        self.assertAlmostEqual(1 / LOSS_SAMPLES, quality.loss)

    def test_healed(self) -> None:
        """Loss of a while ago is in the long window alone, and the short one tells what is now."""
        quality = Quality()
        for step in range(400):
            if step < 100 and step % 2:
                quality.lost(step / 10)
            else:
                quality.answered(0.02, step / 10)
        self.assertEqual(0.0, quality.loss)
        self.assertGreater(quality.long.share(40.0) or 0.0, 0.1)


class PredictionTests(SynchronousTestCase):
    """When the score will be below the bound."""

    def test_line(self) -> None:
        """Two points a second from 90: below 60 in as long as is left; a rising or level line never."""
        points = [(float(t), 90.0 - 2.0 * t) for t in range(11)]
        self.assertAlmostEqual(5.0, falls_below(points) or 0.0)
        self.assertIsNone(falls_below([(t, 150.0 - s) for t, s in points]))
        self.assertIsNone(falls_below([(t, 90.0) for t, _ in points]))

    def test_below_already(self) -> None:
        """Now is now."""
        self.assertEqual(0.0, falls_below([(float(t), 30.0) for t in range(10)]))
        self.assertEqual(0.0, falls_below([(float(t), 59.0 - t) for t in range(10)]))

    def test_too_little(self) -> None:
        """Nine scores, noise, and what takes longer than two minutes predict nothing."""
        self.assertIsNone(falls_below([(float(t), 90.0 - 3 * t) for t in range(9)]))
        source = random.Random(1)
        self.assertIsNone(falls_below([(float(t), 80.0 + source.uniform(-5, 5) - 0.05 * t) for t in range(30)]))
        self.assertIsNone(falls_below([(float(t), 90.0 - 0.1 * t) for t in range(30)]))

    def test_path_that_fills(self) -> None:
        """A path whose round trip grows by 5 ms a second is told before it is bad."""
        quality, told = Quality(), None
        for step in range(60):
            quality.answered(0.02 + 0.005 * step, float(step))
            if told is None and quality.prediction is not None:
                told = (step, quality.prediction, quality.score or 0.0)
        assert told is not None
        self.assertGreater(told[2], 60.0)
        bad = next(step for step in range(60) if 0.4 * (1 - (0.02 + 0.005 * step) / 0.15) < 0.0)
        self.assertLess(told[0], bad)
        self.assertIs(Trend.DEGRADING, quality.trend)

    @given(st.lists(st.tuples(st.floats(0.0, 1e6), st.floats(0.0, 100.0)), max_size=40))
    def test_any_points(self, points: list[tuple[float, float]]) -> None:
        """Any course gives nothing, or seconds within the horizon."""
        seconds = falls_below(sorted(points))
        self.assertTrue(seconds is None or 0.0 <= seconds <= PREDICTION_HORIZON)
