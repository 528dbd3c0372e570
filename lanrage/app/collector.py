"""Python's cycle collector, kept from stopping a server of thousands of sessions.

A full collection looks at every object: 0.5 s with 10,000 sessions, in which no notice leaves. Here what has lived for
a second is set aside (``gc.freeze``), where the collector does not look. What is garbage there are connections that
ended: when there were as many of them as there are open ones, all is looked at.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

import attrs
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall

INTERVAL = 1.0
"""Seconds between two rounds: one second's new objects are looked at in a few milliseconds."""
SLACK = 2_000
"""Connections that may have ended before all is looked at, however few are open: about 20 MB."""


@attrs.define(eq=False)
class Collector:
    """Runs while it is started.

    :param clock: keeps time.
    :param connections: how many have ended so far, and how many are open.
    :param gc: the module, or a test's own.
    :ivar full: full collections made.
    """

    _clock: IReactorTime
    _connections: Callable[[], tuple[int, int]]
    _gc: Any = gc
    full: int = attrs.field(init=False, default=0)
    _ended: int = attrs.field(init=False, default=0)
    _loop: LoopingCall | None = attrs.field(init=False, default=None)

    def start(self) -> None:
        """Set aside what there is, and go on so."""
        self._look_at_all()
        self._loop = LoopingCall(self._round)
        self._loop.clock = self._clock
        self._loop.start(INTERVAL, now=False)

    def stop(self) -> None:
        """Leave all to Python again."""
        loop, self._loop = self._loop, None
        if loop is not None:
            loop.stop()
            self._gc.unfreeze()

    def _round(self) -> None:
        self._gc.collect(1)
        self._gc.freeze()
        ended, held = self._connections()
        if ended - self._ended > max(held, SLACK):
            self._look_at_all()

    def _look_at_all(self) -> None:
        self.full += 1
        self._gc.unfreeze()
        self._gc.collect()
        self._gc.freeze()
        self._ended = self._connections()[0]
