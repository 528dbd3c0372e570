"""Reads all sources of metrics once a second, and tells who listens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs
from twisted.application.service import Service
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from lanrage.core.metric_reading import Reading

INTERVAL = 1.0
"""Seconds between two readings: a ring of 10,000 samples then holds almost three hours."""
TELL_INTERVAL = 60.0
"""Seconds between two log lines about one part that fails."""

Source = Callable[[], Iterable[Reading]]
"""Reads without waiting, from what is in memory: microseconds to a millisecond."""
Listener = Callable[["Sample"], None]
"""Told of every sample; its own errors stop nobody else."""

log = Logger()


@attrs.frozen
class Sample:
    """One reading of everything.

    :param at: seconds since the epoch, of a clock that only moves forward.
    """

    at: float
    readings: tuple[Reading, ...]


class MetricsSampler(Service):
    """Samples while it runs.

    :param clock: keeps time.
    :param sources: by the name under which their failures are counted.
    :param wall: seconds since the epoch, of a clock that only moves forward.
    :ivar last: the newest sample.
    :ivar listeners: by name, each called with every sample.
    :ivar failures: of sources and listeners, by name.
    :ivar spent: seconds in the reactor that the last sample took, its listeners included.
    """

    def __init__(self, clock: Any, sources: Mapping[str, Source], wall: Callable[[], float]) -> None:
        self._clock, self._sources, self._wall = clock, dict(sources), wall
        self.listeners: dict[str, Listener] = {}
        self.failures: Counter[str] = Counter()
        self.last = Sample(0.0, ())
        self.spent = 0.0
        self._told: dict[str, float] = {}
        self._loop: LoopingCall | None = None

    def startService(self) -> None:
        """Sample from now on."""
        super().startService()  # type: ignore[no-untyped-call]
        self._loop = loop = LoopingCall(self.look)
        loop.clock = self._clock
        loop.start(INTERVAL, now=False).addErrback(lambda failure: log.failure("sampling has ended", failure))
        log.info("measuring begins: {sources}", sources=sorted(self._sources))

    def stopService(self) -> None:
        """Sample no more."""
        super().stopService()  # type: ignore[no-untyped-call]
        loop, self._loop = self._loop, None
        if loop is not None and loop.running:
            loop.stop()
            log.info("measuring ends")

    def look(self) -> None:
        """Take one sample."""
        began = self._clock.seconds()
        readings: list[Reading] = []
        for name, source in self._sources.items():
            own: list[Reading] = []
            try:
                own.extend(source())
            except Exception:  # pylint: disable=broad-exception-caught  # one source's bug stops no other
                self._failed(name)
            readings += own
        readings += self._own()
        self.last = sample = Sample(self._wall(), tuple(readings))
        for name, listener in self.listeners.items():
            try:
                listener(sample)
            except Exception:  # pylint: disable=broad-exception-caught  # likewise
                self._failed(name)
        self.spent = self._clock.seconds() - began

    def _own(self) -> Iterable[Reading]:
        yield Reading("lanrage_sampler_seconds", (), self.spent)
        for name in (*self._sources, *self.listeners):
            yield Reading("lanrage_sampler_failures_total", (name,), float(self.failures[name]))

    def _failed(self, name: str) -> None:
        """Called while the error is handled."""
        self.failures[name] += 1
        now = self._clock.seconds()
        if now - self._told.get(name, float("-inf")) >= TELL_INTERVAL:
            self._told[name] = now
            log.failure("reading {source} failed, {failures} times so far", source=name, failures=self.failures[name])
