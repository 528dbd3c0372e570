"""Roaming: this machine's addresses, routes, cards and sleep are noticed as they change, and acted on at once."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from lanrage.core.network_changes import ChangeGate, Happening, SleepMeter
from lanrage.log_context import carried

SLEEP_LOOK = 1.0
"""Seconds between looks at the two clocks; the first one after a sleep is due at once."""


class Events(Protocol):
    """Tells what happens to the network (:class:`lanrage.net.network_events.NetworkEvents`)."""

    def open(self, heard: Callable[[Happening], None]) -> None:
        """Begin."""

    def close(self) -> None:
        """End."""


def clocks() -> tuple[float, float]:
    """CLOCK_BOOTTIME and CLOCK_MONOTONIC in seconds, read together."""
    return time.clock_gettime(time.CLOCK_BOOTTIME), time.monotonic()


class Roaming:
    """From :meth:`start` to :meth:`stop`.

    :param events: of this machine's network.
    :param look: called when a look at the addresses is due, with whether the ways may differ all the same.
    :param slept: called after a sleep with its length in seconds.
    :param read_clocks: :func:`clocks`, or a test's own.
    """

    log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        events: Events,
        look: Callable[[bool], Any],
        slept: Callable[[float], Any],
        read_clocks: Callable[[], tuple[float, float]] = clocks,
    ) -> None:
        self._clock, self._events = clock, events
        self._look, self._slept, self._read_clocks = look, slept, read_clocks
        self._gate, self._meter = ChangeGate(), SleepMeter()
        self._due: IDelayedCall | None = None
        self._watching = LoopingCall(self._watch)
        self._watching.clock = clock

    def start(self) -> None:
        """Listen; where the kernel tells nothing, the slow looks at the addresses remain."""
        self._watching.start(SLEEP_LOOK)
        try:
            self._events.open(carried(self._heard))
        except OSError as error:
            self.log.warn("changes of this machine's network are noticed late: {error}", error=str(error))

    def stop(self) -> None:
        """Listen no more."""
        self._events.close()
        if self._watching.running:
            self._watching.stop()
        if self._due is not None and self._due.active():
            self._due.cancel()
        self._due = None

    def _heard(self, happening: Happening) -> None:
        self.log.debug("this machine's network: {what}", what=str(happening))
        now = self._clock.seconds()
        self._gate.heard(happening, now)
        if self._due is None:
            self._wait(now)

    def _wait(self, now: float) -> None:
        deadline = self._gate.deadline()
        if deadline is not None:
            self._due = self._clock.callLater(max(0.0, deadline - now), self._ripe)

    def _ripe(self) -> None:
        self._due = None
        now, deadline = self._clock.seconds(), self._gate.deadline()
        if deadline is not None and deadline > now:  # more happened meanwhile
            self._wait(now)
            return
        self._look(self._gate.take())

    def _watch(self) -> None:
        seconds = self._meter.look(*self._read_clocks())
        if seconds:
            self.log.info("this machine slept for {seconds:.0f} s", seconds=seconds)
            self._slept(seconds)
