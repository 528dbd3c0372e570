"""The profiler of a running service: two ways to look, each on for a bounded time (``docs/profiling.rst``)."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any

from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from lanrage import __version__
from lanrage.core.stack_profile import HERTZ, MINUTES, Hotspot
from lanrage.errors import Refused
from lanrage.net.call_profile import CallProfile
from lanrage.net.sampler import Sampler
from lanrage.wire import speedscope

log = Logger()


class Mode(Enum):
    """How it looks."""

    SAMPLING = "sampling"
    """The program is interrupted now and then, and looks where it is."""
    DETERMINISTIC = "deterministic"
    """Every call of the reactor's thread is counted, at the cost of some tenths of its speed."""


class Profiler:
    """Profiles the reactor's thread, from which all methods are called.

    :ivar mode: the last one that was on.
    :ivar hertz: samples a second.
    """

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self.sampler = Sampler()
        self.calls = CallProfile()
        self.mode = Mode.SAMPLING
        self.hertz = HERTZ
        self._began: float | None = None
        self._before = 0.0
        self._ending: IDelayedCall | None = None

    @property
    def on(self) -> bool:
        """Whether it looks now."""
        return self._began is not None

    @property
    def seconds(self) -> float:
        """For how long it has looked, all in all, since the last reset."""
        return self._before + (self._reactor.seconds() - self._began if self._began is not None else 0.0)

    @property
    def left(self) -> float:
        """Seconds until it goes off by itself; 0 while it is off."""
        return self._ending.getTime() - self._reactor.seconds() if self._ending is not None else 0.0

    def start(self, mode: Mode, hertz: int = HERTZ, minutes: float = MINUTES) -> None:
        """Look from now on; what the same mode saw before is added to.

        :raises Refused: ``profiler_busy`` while it is on.
        """
        if self.on:
            raise Refused("profiler_busy", "the profiler is on already: lanrage profile off ends it")
        if mode is not self.mode:
            self.reset()
        if mode is Mode.SAMPLING:
            self.sampler.start(hertz)
        else:
            self.calls.start()
        self.mode, self.hertz = mode, hertz
        self._began = self._reactor.seconds()
        self._ending = self._reactor.callLater(60 * minutes, self._in_time)
        log.info("the profiler is on: {mode}, for {minutes:g} minutes", mode=mode.value, minutes=minutes)

    def stop(self) -> None:
        """Look no more; what was seen stays. One that is off is no error."""
        if self._began is None:
            return
        self.sampler.stop()
        self.calls.stop()
        self._before, self._began = self.seconds, None
        if self._ending is not None and self._ending.active():
            self._ending.cancel()
        self._ending = None
        log.info("the profiler is off after {seconds:.1f} s", seconds=self._before)

    def reset(self) -> None:
        """Forget what was seen; one that is on goes on."""
        self.sampler.reset()
        self.calls.reset()
        self._before = 0.0
        if self.on:
            self._began = self._reactor.seconds()

    def hotspots(self, *, others: bool = False) -> list[Hotspot]:
        """Functions by their own time.

        :param others: of all threads but the reactor's, which sampling alone sees.
        """
        if others:
            return self.sampler.hotspots(others=True)
        return self.sampler.hotspots() if self.mode is Mode.SAMPLING else self.calls.hotspots()

    @property
    def busy(self) -> float:
        """Of the time in which it looked, the share (0 to 1) in which the reactor's thread was at work."""
        if self.seconds <= 0.0:
            return 0.0
        if self.mode is Mode.SAMPLING:
            seen = self.sampler.seconds + self.sampler.waiting
            return self.sampler.seconds / seen if seen > 0.0 else 0.0
        return max(0.0, 1.0 - self.calls.waited() / self.seconds)

    def file(self) -> tuple[str, Callable[[], bytes]]:
        """What was seen as a file: ``speedscope`` or ``pstats``, and what makes it, to be called in a thread."""
        if self.mode is Mode.DETERMINISTIC:
            dumped = self.calls.dump()
            return "pstats", lambda: dumped
        frames, stacks = self.sampler.stacks()
        name = f"LANrage, {self.seconds:.0f} s at {self.hertz} Hz"
        return "speedscope", lambda: speedscope.encode(frames, stacks, name=name, exporter=f"lanrage@{__version__}")

    def _in_time(self) -> None:
        self._ending = None
        self.stop()
