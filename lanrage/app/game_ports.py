"""When open ports are looked at: for games whose programs nobody knows (``docs/games-detection.rst``).

A look is due a second and five seconds after an unknown program was started, and each minute.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from lanrage.core.game_match import GameIndex, Owner
from lanrage.net.game_sockets import PortOwners
from lanrage.net.threads import in_thread

SOON, LATER, CALM = 1.0, 4.0, 60.0
"""Seconds to the first look after an unknown program began, to the second, and between others."""
TWICE = 2
"""Looks after an unknown program began: a port counts when it was open at two."""

log = Logger()


@attrs.define(eq=False)
class GamePorts:
    """The looks, from :meth:`start` to :meth:`stop`.

    :param index: the games of now.
    :param found: takes the programs with their ports.
    :param owners: finds them.
    """

    reactor: Any
    index: Callable[[], GameIndex]
    found: Callable[[Sequence[Owner]], None]
    owners: PortOwners = attrs.field(factory=PortOwners)
    _due: IDelayedCall | None = None
    _more: int = 0
    _last: float = float("-inf")
    _turn: Deferred[None] | None = None
    _runs: bool = False

    def start(self) -> None:
        """Begin."""
        self._runs = True
        self.stir()

    def stir(self) -> None:
        """An unknown program was started."""
        if not self._runs:
            return
        self._more = TWICE
        now = self.reactor.seconds()
        wanted = max(now + SOON, self._last + LATER)
        if self._turn is None and (self._due is None or self._due.getTime() > wanted):
            self._plan(wanted - now)

    def stop(self) -> Deferred[None] | None:
        """End; fires when the last thread is done, ``None`` when there is none."""
        self._runs = False
        if self._due is not None and self._due.active():
            self._due.cancel()
        self._due = None
        return self._turn

    def _plan(self, seconds: float) -> None:
        if self._due is not None and self._due.active():
            self._due.cancel()
        self._due = self.reactor.callLater(seconds, self._look)

    def _look(self) -> None:
        self._due, self._last = None, self.reactor.seconds()
        self._more = max(0, self._more - 1)
        self._turn = in_thread(self.reactor, self.owners.find, self.index().wants).addCallback(self._take)
        self._turn.addErrback(lambda failure: log.failure("a look at open ports failed", failure))
        self._turn.addBoth(self._next)

    def _take(self, owners: Sequence[Owner]) -> None:
        if self._runs:
            self.found(owners)

    def _next(self, result: Any) -> Any:
        self._turn = None
        if self._runs and self._due is None:
            self._plan(LATER if self._more else CALM)
        return result
