"""The operations on profiles of games, for the table in :mod:`lanrage.app.operations`."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated, Any

from msgspec import Meta
from zope.interface import Interface

from lanrage.app.game_profiles_results import GameShown, GamesListed
from lanrage.app.operation import Operation, Request

QUERY_LIMIT = 100
"""Characters of a search: more than the longest name of a game."""

QueryText = Annotated[
    str, Meta(max_length=QUERY_LIMIT, description="words that id or name of a game holds, or empty for all games")
]
GameText = Annotated[
    str, Meta(min_length=1, max_length=QUERY_LIMIT, description="a game's id, or words of its name that no other has")
]


class ListGames(Request, frozen=True):
    """Arguments of ``games.list``."""

    query: QueryText = ""


class ShowGame(Request, frozen=True):
    """Arguments of ``games.show``."""

    game: GameText


class IGameProfilesNode(Interface):
    """What a node knows of games; see :class:`lanrage.app.operations.INode`."""

    # Interface methods have no self and no body.
    # pylint: disable=no-self-argument,no-method-argument

    def list_games(query: str) -> Awaitable[dict[str, Any]]:
        """The games that a search finds; the result is a :class:`GamesListed`."""

    def show_game(game: str) -> Awaitable[dict[str, Any]]:
        """One; the result is a :class:`GameShown`."""


PROFILES: tuple[Operation, ...] = (
    Operation(
        "games.list",
        ListGames,
        GamesListed,
        "list_games",
        "List the games that this node knows.",
        "lanrage games list --query quake",
        reads=True,
    ),
    Operation(
        "games.show",
        ShowGame,
        GameShown,
        "show_game",
        "Show what is known of a game, and where each fact is from.",
        "lanrage games show openttd",
        reads=True,
    ),
)
"""The operations on profiles of games, as one part of those on games."""
