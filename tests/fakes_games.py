"""Games of a node in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from lanrage.app.game_profiles import GameProfiles
from lanrage.app.game_profiles_results import FactShown, GameListed, GameShown, GamesListed, ProblemShown

FOLDER = "/var/lib/lanrage/games"
SOURCE = "OpenTTD/OpenTTD src/network/core/config.h"
LISTED = [
    GameListed("openttd", "OpenTTD", "high", ["3979/tcp", "3979/udp"], False),
    GameListed("tag", "Tag", "low", ["40000/udp"], True),
]
PROBLEMS = [ProblemShown(f"{FOLDER}/mine.toml", 7, "tag: ports: 0 is no port")]
SHOWN = GameShown(
    "openttd",
    "OpenTTD",
    "high",
    False,
    {"ports": [{"span": "3979/tcp", "role": "game"}]},
    [FactShown("port 3979/tcp (game)", SOURCE)],
)


class FakeGames:
    """Part of the fake node."""

    calls: list[tuple[Any, ...]]

    async def list_games(self, query: str) -> dict[str, Any]:
        """See :meth:`INode.list_games`."""
        self.calls.append(("list_games", query))
        games = [game for game in LISTED if query in game.game]
        plain: dict[str, Any] = msgspec.to_builtins(GamesListed(games, len(LISTED), FOLDER, PROBLEMS))
        return plain

    async def show_game(self, game: str) -> dict[str, Any]:
        """See :meth:`INode.show_game`."""
        self.calls.append(("show_game", game))
        plain: dict[str, Any] = msgspec.to_builtins(SHOWN)
        return plain


def no_games(reactor: Any, folder: Path) -> GameProfiles:
    """For a node of a test: it knows the user's own games alone, so that ports in play are the test's."""
    return GameProfiles(reactor, folder, shipped=tuple)
