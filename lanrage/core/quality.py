"""How good a path is: latency, jitter, loss, a score with its grade and trend, and when it will be bad.

Pure: samples and verdicts come in with `now` (seconds of a clock that only moves forward); memory is bounded.
"""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Sequence
from statistics import fmean, median

import attrs

from lanrage.core.loss import LossWindow

MEDIAN_OF = 3
"""Raw samples of which the median counts: one spike among three is left out whole."""
SMOOTHING = 0.3
"""Weight of the newest median: 0.3 x now + 0.7 x before."""
TREND_SAMPLES = 10
"""Smoothed values that the trend is read from."""
TREND_SHARE = 0.05
"""Change of the newer five's mean against the older five's from which the path gets better or worse."""
JITTER_SHARE = 16
"""Gain of the jitter estimate (:rfc:`3550`, section 6.4.1)."""
SHORT_SPAN, LONG_SPAN = 5.0, 60.0
"""Seconds of the two windows of loss."""
LOSS_SAMPLES = 10
"""Verdicts from which a window's share is told: fewer say nothing."""

LATENCY_WEIGHT, LOSS_WEIGHT, JITTER_WEIGHT = 0.40, 0.35, 0.25
"""Shares of the score."""
LATENCY_WORST, LOSS_WORST, JITTER_WORST = 0.150, 0.05, 0.050
"""Seconds, share and seconds at which a part of the score is 0; it is 100 at 0, and linear between."""

SCORES_KEPT, SCORE_GAP = 30, 1.0
"""Scores that the prediction is drawn from, and the least seconds between two of them."""
PREDICTION_SAMPLES = 10
"""Scores below which nothing is predicted."""
PREDICTION_FIT = 0.5
"""Least share of the scores' variance that the line explains (R squared): else they are noise."""
PREDICTION_BOUND = 60.0
"""The score below which a path is no good for a game any more: the lower end of grade C."""
PREDICTION_HORIZON = 120.0
"""Seconds ahead at most: a line says nothing about what comes later."""


class Trend(enum.StrEnum):
    """Where the latency goes, over the last ten smoothed values."""

    IMPROVING = "improving"
    STABLE = "stable"
    DEGRADING = "degrading"


class Grade(enum.StrEnum):
    """A score in a letter."""

    A = "A"
    """90 and more: as good as beside each other."""
    B = "B"
    """75 and more: good for every game."""
    C = "C"
    """60 and more: felt in fast games."""
    D = "D"
    """40 and more: felt in every game."""
    F = "F"
    """Below 40."""


GRADE_FROM: dict[Grade, float] = {Grade.A: 90.0, Grade.B: 75.0, Grade.C: 60.0, Grade.D: 40.0, Grade.F: 0.0}
"""The lowest score of each grade."""


def grade(value: float) -> Grade:
    """The letter of a score from 0 to 100."""
    return next(letter for letter, least in GRADE_FROM.items() if value >= least)


def _part(value: float, worst: float) -> float:
    return 100.0 * max(0.0, 1.0 - max(0.0, value) / worst)


def ease(latency: float, jitter: float) -> float:
    """The parts of the score that latency and jitter make, 0 to 65; both in seconds."""
    return LATENCY_WEIGHT * _part(latency, LATENCY_WORST) + JITTER_WEIGHT * _part(jitter, JITTER_WORST)


def score(latency: float, jitter: float, loss: float) -> float:
    """0 to 100.

    :param latency: seconds there and back.
    :param jitter: seconds.
    :param loss: share of lost probes, 0 to 1.
    """
    return min(100.0, ease(latency, jitter) + LOSS_WEIGHT * _part(loss, LOSS_WORST))


def trend(values: Sequence[float]) -> Trend:
    """What ten latencies say; fewer are stable, and so is a change of just 5 %."""
    if len(values) < TREND_SAMPLES:
        return Trend.STABLE
    half = len(values) // 2
    before, after = fmean(values[:half]), fmean(values[half:])
    if after > before * (1 + TREND_SHARE):
        return Trend.DEGRADING
    return Trend.IMPROVING if after < before * (1 - TREND_SHARE) else Trend.STABLE


def falls_below(points: Sequence[tuple[float, float]], bound: float = PREDICTION_BOUND) -> float | None:
    """In how many seconds a line through the scores (least squares) is below `bound`.

    0.0 where it is now; ``None`` where there are too few, where it does not fall, where the scores scatter too much
    about it, and where it takes longer than the horizon.

    :param points: time in seconds and score, the newest last.
    """
    if len(points) < PREDICTION_SAMPLES:
        return None
    last = points[-1][0]
    times = [at - last for at, _ in points]
    scores = [value for _, value in points]
    mean_time, mean_score = fmean(times), fmean(scores)
    spread = sum((at - mean_time) ** 2 for at in times)
    variance = sum((value - mean_score) ** 2 for value in scores)
    if spread <= 0.0 or variance <= 1e-9:
        return 0.0 if mean_score < bound else None
    both = sum((at - mean_time) * (value - mean_score) for at, value in zip(times, scores, strict=True))
    slope = both / spread
    at_last = mean_score - slope * mean_time
    if at_last < bound:
        return 0.0
    if slope >= 0.0 or both * both / (spread * variance) < PREDICTION_FIT:
        return None
    seconds = (at_last - bound) / -slope
    return seconds if seconds <= PREDICTION_HORIZON else None


@attrs.define
class Latency:
    """Median of three, then smoothed: what a spike cannot move.

    :ivar value: seconds, ``None`` before the first sample.
    :ivar trend: over the last ten.
    """

    value: float | None = None
    trend: Trend = Trend.STABLE
    _raw: deque[float] = attrs.field(factory=lambda: deque(maxlen=MEDIAN_OF))
    _smoothed: deque[float] = attrs.field(factory=lambda: deque(maxlen=TREND_SAMPLES))

    def add(self, sample: float) -> None:
        """One more raw sample in seconds."""
        self._raw.append(sample)
        self._smooth(median(self._raw))

    def measured(self, samples: Sequence[float]) -> None:
        """A measurement of its own samples: their median counts, and no earlier sample.

        :param samples: seconds; not empty, and three unless some were lost.
        """
        self._smooth(median(samples))

    def _smooth(self, now: float) -> None:
        self.value = now if self.value is None else SMOOTHING * now + (1 - SMOOTHING) * self.value
        self._smoothed.append(self.value)
        self.trend = trend(tuple(self._smoothed))

    @property
    def settled(self) -> bool:
        """There are enough samples for a trend."""
        return len(self._smoothed) == TREND_SAMPLES


@attrs.define
class Quality:
    """What probes told of one path.

    :ivar jitter: seconds, of round trips (:rfc:`3550`, section 6.4.1).
    """

    latency: Latency = attrs.field(factory=Latency)
    jitter: float = 0.0
    short: LossWindow = attrs.field(factory=lambda: LossWindow(SHORT_SPAN))
    long: LossWindow = attrs.field(factory=lambda: LossWindow(LONG_SPAN))
    _last: float | None = None
    _scores: deque[tuple[float, float]] = attrs.field(factory=lambda: deque(maxlen=SCORES_KEPT))

    def answered(self, sample: float, now: float) -> None:
        """A probe came back after `sample` seconds."""
        self.latency.add(sample)
        if self._last is not None:
            self.jitter += (abs(sample - self._last) - self.jitter) / JITTER_SHARE
        self._last = sample
        self._verdict(False, now)

    def lost(self, now: float) -> None:
        """A probe's time is over."""
        self._verdict(True, now)

    def _verdict(self, lost: bool, now: float) -> None:
        self.short.add(lost, now)
        self.long.add(lost, now)
        value = self.score
        if value is not None and (not self._scores or now - self._scores[-1][0] >= SCORE_GAP):
            self._scores.append((now, value))

    @property
    def rtt(self) -> float | None:
        """Smoothed round trip in seconds."""
        return self.latency.value

    @property
    def loss(self) -> float:
        """Share of lost probes: of the last 5 s where they were ten, else of the last minute; 0 where too few.

        As of the last verdict.
        """
        for window in (self.short, self.long):
            if len(window) >= LOSS_SAMPLES:
                return window.lost / len(window)
        return 0.0

    @property
    def score(self) -> float | None:
        """0 to 100; ``None`` before the first sample."""
        return None if self.rtt is None else score(self.rtt, self.jitter, self.loss)

    @property
    def ease(self) -> float:
        """The score without its part for loss, 0 to 65; 0 before the first sample."""
        return 0.0 if self.rtt is None else ease(self.rtt, self.jitter)

    @property
    def grade(self) -> Grade | None:
        """The score in a letter."""
        value = self.score
        return None if value is None else grade(value)

    @property
    def trend(self) -> Trend:
        """Where the latency goes."""
        return self.latency.trend

    @property
    def prediction(self) -> float | None:
        """In how many seconds the score will be below 60, if its course holds; see :func:`falls_below`."""
        return falls_below(tuple(self._scores))
