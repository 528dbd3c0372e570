"""The profiles of games that a node goes by: those that come with the program, and the user's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from lanrage.core.game_problem import Problem
from lanrage.core.game_profile import GameProfile


class GameProfiles:
    """Knows the games.

    :param folder: of the user's own profiles.
    :ivar problems: of the files in it.
    """

    def __init__(self, reactor: Any, folder: Path) -> None:
        self._reactor = reactor
        self.folder = folder
        self.problems: tuple[Problem, ...] = ()
        self._games: dict[str, GameProfile] = {}
        self._listeners: list[Callable[[], None]] = []

    async def start(self) -> None:
        """Load all profiles."""

    def stop(self) -> None:
        """Look at the folder no more."""

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
