"""First messages of logins, one after the other, a few milliseconds a turn.

Thousands who come back at once would each take a step in turn, and all be done at the end, when their patience is over
and all of it was in vain. Here a login that has begun goes on before the next one begins, so the first are done first,
and whoever is in already waits for no more than one turn.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import attrs
from twisted.internet.interfaces import IDelayedCall, IReactorTime

TURN = 0.005
"""Seconds of one turn, some fifteen logins begun: between two turns everybody else is served."""


@attrs.define(eq=False)
class LoginQueue:
    """Begins logins in the order in which they were asked for.

    :param clock: measures a turn.
    """

    _clock: IReactorTime
    _waiting: deque[Callable[[], None]] = attrs.field(init=False, factory=deque)
    _due: IDelayedCall | None = attrs.field(init=False, default=None)

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, begin: Callable[[], None]) -> None:
        """Begin now when nobody is before it, in a turn to come otherwise.

        :param begin: must not raise.
        """
        if self._due is not None:
            self._waiting.append(begin)
            return
        self._due = self._clock.callLater(0, self._turn)
        begin()

    def stop(self) -> None:
        """Forget who waits."""
        self._waiting.clear()
        if self._due is not None and self._due.active():
            self._due.cancel()
        self._due = None

    def _turn(self) -> None:
        self._due = self._clock.callLater(0, self._turn) if self._waiting else None
        ends = self._clock.seconds() + TURN
        while self._waiting:
            self._waiting.popleft()()
            if self._clock.seconds() >= ends:
                return
