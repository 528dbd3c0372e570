"""What another machine's clock shows against this one's, by a message there and back (``docs/doctor.rst``). Pure."""

from __future__ import annotations

import attrs

STEP = 0.001
"""Seconds: clocks are told in milliseconds."""


@attrs.frozen
class ClockReading:
    """How far another clock is from ours.

    :param offset: seconds; theirs minus ours.
    :param error: seconds; the true offset is within so much of it, as the answer may have been given at any moment of
        the round trip.
    """

    offset: float
    error: float

    @classmethod
    def of(cls, asked: float, took: float, theirs: float) -> ClockReading:
        """From one question.

        :param asked: what our clock showed then, in seconds since the epoch.
        :param took: seconds there and back, by a clock that only moves forward.
        :param theirs: what the answer says.
        """
        half = max(0.0, took) / 2
        return cls(theirs - (asked + half), half + STEP)
