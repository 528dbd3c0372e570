"""How near the measured latency is to the true one, and whether the truly best relay is picked, over seeded traces.

Each trace is a row of rounds in which every relay is pinged once. A relay's true latency is what its way takes when no
queue stands in it; samples are that, with noise, and with what the trace's kind adds. Compared are the last raw sample
and what :class:`lanrage.core.quality.Latency` makes of all of them (median of three, then smoothed).
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable, Sequence
from typing import Any

import attrs

from lanrage.core.quality import Latency

RELAYS = 5
ROUNDS = 120
"""Samples of each relay in a trace."""
WARM_UP = 3
"""Rounds before the first that counts: a median of three needs so many."""
NEAREST, FARTHEST = 0.015, 0.090
"""Bounds in seconds of a relay's true latency."""
NOISE = 0.02
"""Standard deviation of each sample, as a share of the true latency."""
ERROR_RATIO = 0.7
"""The error is to be at least 30 % lower."""
TIE = 0.001
"""Seconds within which two relays are equally good."""

Extra = Callable[[random.Random, int], float]
"""Seconds that a sample of a round takes longer."""


def _quiet(_source: random.Random, _number: int) -> float:
    return 0.0


def _spikes(source: random.Random, _number: int) -> float:
    return source.uniform(0.03, 0.3) if source.random() < 0.1 else 0.0


def _tail(source: random.Random, _number: int) -> float:
    return min(1.0, 0.002 * (source.paretovariate(1.2) - 1.0))


@attrs.define
class _Bursts:
    """Queues that fill for two or three samples."""

    left: int = 0
    height: float = 0.0

    def __call__(self, source: random.Random, _number: int) -> float:
        if self.left == 0 and source.random() < 0.04:
            self.left, self.height = source.randint(2, 3), source.uniform(0.03, 0.2)
        if self.left == 0:
            return 0.0
        self.left -= 1
        return self.height


@attrs.frozen
class Kind:
    """One kind of trace.

    :param extra: made anew for each relay.
    :param steps: the true latency of a relay changes for good once in so many rounds; 0 = never.
    :param spiky: has what the smoothing is for, so it has to keep the limit by itself.
    """

    extra: Callable[[], Extra]
    steps: int = 0
    spiky: bool = True


KINDS: dict[str, Kind] = {
    "quiet": Kind(lambda: _quiet, spiky=False),
    "spikes": Kind(lambda: _spikes),
    "tail": Kind(lambda: _tail),
    "bursts": Kind(_Bursts, spiky=False),
    "spikes-and-steps": Kind(lambda: _spikes, steps=60),
    "steps": Kind(lambda: _quiet, steps=30, spiky=False),
}
"""``quiet``: noise alone. ``spikes``: one sample in ten is 30 to 300 ms late. ``tail``: a Pareto tail. ``bursts``: two
or three late ones in a row, which a median of three cannot leave out. ``steps``: the way changes for good, which
smoothing follows late."""


@attrs.define
class Sums:
    """What came out, summed over rounds."""

    raw_error: float = 0.0
    smooth_error: float = 0.0
    raw_best: int = 0
    smooth_best: int = 0
    samples: int = 0
    rounds: int = 0

    def add(self, true: Sequence[float], raw: Sequence[float], smooth: Sequence[float]) -> None:
        """One round."""
        self.raw_error += sum(abs(value - real) for value, real in zip(raw, true, strict=True))
        self.smooth_error += sum(abs(value - real) for value, real in zip(smooth, true, strict=True))
        self.raw_best += _picks_best(raw, true)
        self.smooth_best += _picks_best(smooth, true)
        self.samples += len(true)
        self.rounds += 1

    def plus(self, other: Sums) -> Sums:
        """Both together."""
        mine, theirs = attrs.astuple(self), attrs.astuple(other)
        return Sums(*(one + more for one, more in zip(mine, theirs, strict=True)))

    @property
    def error_ratio(self) -> float:
        """Error of the smoothed value to that of the last sample."""
        return self.smooth_error / self.raw_error

    def figures(self) -> dict[str, float]:
        """For people."""
        return {
            "error_ratio": round(self.error_ratio, 3),
            "error_raw_ms": round(1000 * self.raw_error / self.samples, 3),
            "error_smooth_ms": round(1000 * self.smooth_error / self.samples, 3),
            "best_raw": round(self.raw_best / self.rounds, 3),
            "best_smooth": round(self.smooth_best / self.rounds, 3),
            "best_ratio": round(self.smooth_best / self.raw_best, 3),
        }


def _picks_best(values: Sequence[float], true: Sequence[float]) -> bool:
    pick = min(range(len(values)), key=lambda number: values[number])
    return true[pick] <= min(true) + TIE


def trace(kind: Kind, source: random.Random) -> Sums:
    """One trace of this kind."""
    true = [source.uniform(NEAREST, FARTHEST) for _ in range(RELAYS)]
    extras = [kind.extra() for _ in true]
    smooth = [Latency() for _ in true]
    sums = Sums()
    for number in range(ROUNDS):
        for relay in range(RELAYS):
            if kind.steps and source.random() < 1 / kind.steps:
                true[relay] = source.uniform(NEAREST, FARTHEST)
        raw = [
            max(0.0, source.gauss(real, NOISE * real)) + extra(source, number)
            for real, extra in zip(true, extras, strict=True)
        ]
        for latency, sample in zip(smooth, raw, strict=True):
            latency.add(sample)
        if number >= WARM_UP:
            sums.add(true, raw, [latency.value or 0.0 for latency in smooth])
    return sums


def run(words: Sequence[str]) -> dict[str, Any]:
    """All kinds; ``ok`` when the error is 30 % lower over all and for each spiky kind, which pick the best no less."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench latency")
    parser.add_argument("--traces", type=int, default=50, help="of each kind")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(words)
    by_kind: dict[str, Sums] = {}
    total = Sums()
    for name, kind in KINDS.items():
        sums = Sums()
        for number in range(chosen.traces):
            sums = sums.plus(trace(kind, random.Random(f"{chosen.seed} {name} {number}")))
        by_kind[name] = sums
        total = total.plus(sums)
    spiky = Sums()
    for name, kind in KINDS.items():
        spiky = spiky.plus(by_kind[name]) if kind.spiky else spiky
    counted = (total, spiky, *(by_kind[name] for name, kind in KINDS.items() if kind.spiky))
    return {
        "ok": all(sums.error_ratio <= ERROR_RATIO for sums in counted) and spiky.smooth_best >= spiky.raw_best,
        "limit": ERROR_RATIO,
        **total.figures(),
        "spiky": spiky.figures(),
        "kinds": {name: sums.figures() for name, sums in by_kind.items()},
    }
