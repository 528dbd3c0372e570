"""The profiles of games that a node goes by: those that come with the program, and the user's own.

The user's folder is looked at by the dates of its files, in a thread: it may not be there yet, be a link, or lie on a
network disk, none of which inotify(7) tells of. A look costs a tenth of a millisecond.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from lanrage.core.game_problem import Problem
from lanrage.core.game_profile import GameProfile
from lanrage.core.game_reading import Catalogue, Reading, combine
from lanrage.net.threads import in_thread
from lanrage.store.game_profiles import OwnFiles, load_shipped

INTERVAL = 3.0
"""Seconds between two looks: a person writes a file and then turns to the game."""

log = Logger()


class GameProfiles:
    """Knows the games.

    :param folder: of the user's own profiles.
    :param shipped: reads those that come with the program; blocks.
    :ivar problems: what is wrong with the user's own files.
    """

    def __init__(self, reactor: Any, folder: Path, shipped: Callable[[], tuple[Reading, ...]] = load_shipped) -> None:
        self._reactor = reactor
        self._load = shipped
        self._shipped: tuple[Reading, ...] = ()
        self._own = OwnFiles(folder)
        self.problems: tuple[Problem, ...] = ()
        self._games: Mapping[str, GameProfile] = {}
        self._taken = False  # something was read
        self._listeners: list[Callable[[], None]] = []
        self._loop = LoopingCall(self._look)
        self._loop.clock = reactor

    @property
    def folder(self) -> Path:
        """Of the user's own profiles."""
        return self._own.folder

    async def start(self) -> None:
        """Load all profiles, and look at the user's folder from now on.

        :raises StoreError: the installation is damaged.
        """
        self._shipped = await in_thread(self._reactor, self._load)
        await self._look()
        if not self._loop.running:
            watching = self._loop.start(INTERVAL, now=False)
            watching.addErrback(lambda failure: log.failure("the games' folder is watched no more", failure=failure))

    def stop(self) -> None:
        """Look at the folder no more."""
        if self._loop.running:
            self._loop.stop()
        self._own = attrs.evolve(self._own)  # what a look under way finds is for nobody

    async def use(self, folder: Path) -> None:
        """Go by another folder, and look at it at once."""
        if folder != self._own.folder:
            self._own, self._taken = OwnFiles(folder), False
            if self._loop.running:
                await self._look()

    def get(self, game: str) -> GameProfile | None:
        """The game of this id."""
        return self._games.get(game)

    def all(self) -> tuple[GameProfile, ...]:
        """All games, by id."""
        return tuple(self._games.values())

    def on_change(self, call: Callable[[], None]) -> Callable[[], None]:
        """Call `call` after each change; the result ends that."""
        self._listeners.append(call)
        return lambda: self._listeners.remove(call) if call in self._listeners else None

    def _look(self) -> Deferred[None]:
        return Deferred.fromCoroutine(self._look_once())

    async def _look_once(self) -> None:
        before = self._own
        seen = await in_thread(self._reactor, before.look)
        if self._own is not before or (seen is before and self._taken):
            return  # it was stopped, another folder was named, or nothing is new
        self._own, self._taken = seen, True
        self._take(combine(self._shipped, seen.readings))

    def _take(self, catalogue: Catalogue) -> None:
        """Go by these; what is wrong with a file is said once."""
        problems = (*self._own.problems, *catalogue.problems)
        for problem in problems:
            if problem not in self.problems:
                log.warn("a profile of games is not used: {problem}", problem=str(problem), file=problem.file)
        self.problems = problems
        if self._games != catalogue.games:
            self._games = catalogue.games
            log.info("{games} games are known, {own} of them your own", games=len(self._games), own=self._count())
            for listener in tuple(self._listeners):
                listener()

    def _count(self) -> int:
        return sum(1 for each in self._games.values() if each.own)
