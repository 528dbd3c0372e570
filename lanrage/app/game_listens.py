"""Where running games listen, and what they have started: looked at while a game runs, and at no other time.

A server opens its port some 100 ms after its start, a game its lobby an hour later: looks come quickly at first, then
each :data:`STEADY` seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from lanrage.core.game_detection import Method, RunningGame
from lanrage.core.play_ports import Span
from lanrage.net.game_sockets import listens_of, tree_of
from lanrage.net.threads import in_thread

FIRST, GROWS, STEADY = 0.05, 2.0, 2.0
"""Seconds to the first look; how much longer each pause is than the one before; the longest."""
TREES = 5
"""One look of so many is for what the processes have started, too; at first each."""

log = Logger()


@attrs.frozen
class Listens:
    """What a look gave of one game.

    :param tree: what its processes have started; ``None``: nobody looked.
    """

    spans: tuple[Span, ...]
    tree: frozenset[int] | None


def roots_of(running: RunningGame) -> frozenset[int]:
    """The processes that are signs of a game; the others are what these have started.

    Those whose programs are known; where there is none, those that have its ports open. A window's process is its
    program's word, and nowhere looked at.
    """
    for method in (Method.PROCESS, Method.PORTS):
        roots = frozenset(each.pid for each in running.results if each.method is method and each.pid is not None)
        if roots:
            return roots
    return frozenset()


def _known(running: RunningGame, roots: frozenset[int]) -> frozenset[int]:
    """These and what they were seen to have started, without processes of weaker signs."""
    signs = {each.pid for each in running.results if each.pid is not None}
    return running.pids - (signs - roots)


def look_at_games(games: Iterable[RunningGame], trees: bool) -> dict[str, Listens]:
    """Look at games by their processes; blocks for milliseconds."""
    found = {}
    for running in games:
        roots = roots_of(running)
        tree = tree_of(roots) if trees else None
        found[running.game] = Listens(listens_of(_known(running, roots) if tree is None else roots | tree), tree)
    return found


@attrs.define(eq=False)
class GameListens:
    """The looks, from :meth:`begin` to :meth:`stop`.

    :param games: those that run.
    :param found: takes what a look gave.
    """

    reactor: Any
    games: Callable[[], Iterable[RunningGame]]
    found: Callable[[Mapping[str, Listens]], None]
    look: Callable[[Iterable[RunningGame], bool], Mapping[str, Listens]] = look_at_games
    _due: IDelayedCall | None = None
    _pause: float = FIRST
    _count: int = 0
    _runs: bool = False
    _turn: Deferred[None] | None = None

    def begin(self) -> None:
        """A game has begun: look quickly from now on."""
        self._runs, self._pause, self._count = True, FIRST, 0
        if self._turn is None:
            self._plan()

    def stop(self) -> Deferred[None] | None:
        """End; fires when the last thread is done, ``None`` when there is none. It can begin again."""
        self._runs = False
        if self._due is not None and self._due.active():
            self._due.cancel()
        self._due = None
        return self._turn

    def _plan(self) -> None:
        if self._due is not None and self._due.active():
            self._due.cancel()
        self._due = self.reactor.callLater(self._pause, self._look)
        self._pause = min(self._pause * GROWS, STEADY)

    def _games(self) -> tuple[RunningGame, ...]:
        return tuple(running for running in self.games() if roots_of(running))

    def _look(self) -> None:
        self._due = None
        games = self._games()
        if not games:
            return
        trees = self._pause < STEADY or self._count % TREES == 0
        self._count += 1
        self._turn = in_thread(self.reactor, self.look, games, trees).addCallback(self._take)
        self._turn.addErrback(lambda failure: log.failure("a look at where games listen failed", failure))
        self._turn.addBoth(self._next)

    def _take(self, found: Mapping[str, Listens]) -> None:
        if self._runs:
            self.found(found)

    def _next(self, result: Any) -> Any:
        self._turn = None
        if self._runs and self._due is None and self._games():
            self._plan()
        return result
