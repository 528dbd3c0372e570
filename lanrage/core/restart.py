"""When the clients of a control server that restarts may dial again: spread, so that all logins fit."""

from __future__ import annotations

from collections.abc import Callable

LOGINS_PER_SECOND = 1000
"""Logins that a server is let to hold out: each costs it five operations on curves, some 0.6 ms."""
RESTART_TIME = 1.0
"""Seconds that a restart takes at the least: nobody need knock before."""
SPREAD_MINIMUM = 0.5
"""Seconds over which even a few clients are spread."""
SPREAD_LIMIT = 300.0
"""Seconds over which clients are spread at the most, however many there are."""


def come_back(count: int, jitter: Callable[[], float]) -> list[int]:
    """For each of `count` clients the milliseconds after which it dials, one drawn from each slice of the spread.

    :param jitter: numbers from 0 to 1.
    """
    spread = min(SPREAD_LIMIT, max(SPREAD_MINIMUM, count / LOGINS_PER_SECOND))
    return [round(1000 * (RESTART_TIME + spread * (number + jitter()) / count)) for number in range(count)]
