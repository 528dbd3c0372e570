"""Waits for all users of this machine to log out (``docs/desktop.rst``)."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from lanrage.core.log_outs import LogOutWatch


class LogOuts:
    """Watches from :meth:`start` to :meth:`stop`.

    :param count: agents that are there now.
    :param out: called when all users have logged out.
    """

    def __init__(self, clock: IReactorTime, count: Callable[[], int], out: Callable[[], None]) -> None:
        self._clock, self._count, self._out = clock, count, out
        self._watch: LogOutWatch | None = None
        self._timer: IDelayedCall | None = None

    def start(self) -> None:
        """Watch from now on."""
        self._watch = LogOutWatch()
        self.look()

    def stop(self) -> None:
        """Watch no more: agents that go now lose a node, and no user."""
        self._watch = None
        self._rest()

    def look(self) -> None:
        """An agent came or went."""
        if self._watch is None:
            return
        now = self._clock.seconds()
        self._watch.agents(self._count(), now)
        self._rest()
        due = self._watch.deadline()
        if due is not None:
            self._timer = self._clock.callLater(max(0.0, due - now), self._over)

    def _rest(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None and timer.active():
            timer.cancel()

    def _over(self) -> None:
        if self._watch is not None and self._watch.take(self._clock.seconds()):
            self._out()
