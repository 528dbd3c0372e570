"""What became of a pair's traffic: each move with its reason and how good the path was, for operations."""

from __future__ import annotations

import attrs

from lanrage.core.candidates import Candidate
from lanrage.core.links import Endpoint
from lanrage.core.path import Path

HISTORY_LIMIT = 64
"""Moves kept of one peer: a bad evening's."""


@attrs.frozen
class PathMove:
    """Traffic took another path.

    :param at: seconds, of the clock that the plan was given.
    :param left: the path before, ``None`` for the first.
    :param taken: the path since then.
    :param reason: a sentence of :class:`lanrage.core.path_choice.Reason`.
    :param rtt: of the path taken, smoothed seconds there and back, at that time; ``None`` where it was not measured.
    :param jitter: likewise in seconds.
    :param loss: likewise, share of probes lost.
    :param score: likewise, 0 to 100.
    :param left_loss: of the path before, at that time.
    :param left_score: likewise.
    :param playing: a game ran.
    """

    at: float
    left: Endpoint | None
    taken: Candidate
    reason: str
    rtt: float | None
    jitter: float
    loss: float
    score: float | None
    left_loss: float
    left_score: float | None
    playing: bool

    @classmethod
    def of(
        cls, now: float, left: Path | None, before: Endpoint | None, taken: Path, reason: str, playing: bool
    ) -> PathMove:
        """Take down what is known now.

        :param left: the path before, where it is still known.
        :param before: its address.
        """
        quality = taken.quality
        return cls(
            now,
            before,
            taken.candidate,
            reason,
            quality.rtt,
            quality.jitter,
            quality.loss,
            quality.score,
            left.quality.loss if left is not None else 0.0,
            left.quality.score if left is not None else None,
            playing,
        )
