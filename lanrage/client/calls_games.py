"""The operations ``games.*``.

Made by docs/tables.py from the table of operations; do not edit it.
"""

# One method takes as many arguments as its operation has.
# pylint: disable=too-many-arguments

from __future__ import annotations

from collections.abc import AsyncGenerator

from lanrage.app.game_detection_results import GamesDetected, GamesPlayed
from lanrage.app.game_mods_results import ModsShown
from lanrage.app.game_profiles_results import GameShown, GamesListed
from lanrage.app.operations_agent import AgentsShown
from lanrage.client.asking import Asker


class GamesCalls:
    """The operations ``games.*``."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    async def list(self, *, query: str = "") -> GamesListed:
        """List the games that this node knows."""
        args = {"query": query}
        return await self._asker.ask("games.list", args, GamesListed)

    async def show(self, *, game: str) -> GameShown:
        """Show what is known of a game, and where each fact is from."""
        args = {"game": game}
        return await self._asker.ask("games.show", args, GameShown)

    async def detect(self) -> GamesDetected:
        """Show which games run on this machine, and how that was noticed."""
        return await self._asker.ask("games.detect", {}, GamesDetected)

    async def history(self, *, limit: int = 20) -> GamesPlayed:
        """Show which games were played on this machine, and when."""
        args = {"limit": limit}
        return await self._asker.ask("games.history", args, GamesPlayed)

    async def play(self, *, game: str, stop: bool = False) -> GamesDetected:
        """Say that you play a game, where it is not noticed, or that you do no more."""
        args = {"game": game, "stop": stop}
        return await self._asker.ask("games.play", args, GamesDetected)

    async def mods(self, *, game: str) -> ModsShown:
        """Compare a game's modifications with the other members'."""
        args = {"game": game}
        return await self._asker.ask("games.mods", args, ModsShown)

    async def agents(self) -> AgentsShown:
        """Show the agents that are there: whose session each serves, and what it sees."""
        return await self._asker.ask("games.agents", {}, AgentsShown)


class GamesWatch:
    """The operations ``games.*``, watched: what is so now, and each change."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    def list(self, *, query: str = "") -> AsyncGenerator[GamesListed, None]:
        """List the games that this node knows."""
        args = {"query": query}
        return self._asker.follow("games.list", args, GamesListed)

    def show(self, *, game: str) -> AsyncGenerator[GameShown, None]:
        """Show what is known of a game, and where each fact is from."""
        args = {"game": game}
        return self._asker.follow("games.show", args, GameShown)

    def detect(self) -> AsyncGenerator[GamesDetected, None]:
        """Show which games run on this machine, and how that was noticed."""
        return self._asker.follow("games.detect", {}, GamesDetected)

    def history(self, *, limit: int = 20) -> AsyncGenerator[GamesPlayed, None]:
        """Show which games were played on this machine, and when."""
        args = {"limit": limit}
        return self._asker.follow("games.history", args, GamesPlayed)

    def agents(self) -> AsyncGenerator[AgentsShown, None]:
        """Show the agents that are there: whose session each serves, and what it sees."""
        return self._asker.follow("games.agents", {}, AgentsShown)
