"""How late the reactor's timers are: what blocks it, or a machine that is too busy, shows here first."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IDelayedCall

PERIOD = 0.25
"""Seconds between two timers: a block of a tenth of a second is seen in two of five cases, a longer one always."""


class ReactorLag:
    """Measures while it runs; costs four timers a second.

    :param clock: calls later.
    :param awake: seconds of a clock that stands still while the machine sleeps: a sleep is no lag.
    """

    def __init__(self, clock: Any, awake: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._awake = clock, awake
        self._due = 0.0
        self._call: IDelayedCall | None = None
        self._worst = 0.0

    def start(self) -> None:
        """Measure from now on."""
        self._worst = 0.0
        self._schedule()

    def stop(self) -> None:
        """Measure no more."""
        if self._call is not None:
            self._call.cancel()
        self._call = None

    def take(self) -> float:
        """The worst lateness since the last call, in seconds: also of a timer that is overdue now."""
        overdue = self._awake() - self._due if self._call is not None else 0.0
        worst, self._worst = max(self._worst, overdue, 0.0), 0.0
        return worst

    def _schedule(self) -> None:
        self._due = self._awake() + PERIOD
        self._call = self._clock.callLater(PERIOD, self._fire)

    def _fire(self) -> None:
        self._worst = max(self._worst, self._awake() - self._due)
        self._schedule()
