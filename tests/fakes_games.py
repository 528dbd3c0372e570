"""Games of a node in memory."""

from __future__ import annotations

from typing import Any

import msgspec

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

    async def list_games(self, query: str) -> dict[str, Any]:
        """See :meth:`INode.list_games`."""
        games = [game for game in LISTED if query in game.game]
        plain: dict[str, Any] = msgspec.to_builtins(GamesListed(games, len(LISTED), FOLDER, PROBLEMS))
        return plain

    async def show_game(self, game: str) -> dict[str, Any]:
        """See :meth:`INode.show_game`."""
        plain: dict[str, Any] = msgspec.to_builtins(SHOWN)
        return plain
