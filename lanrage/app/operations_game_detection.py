"""The operations on running games, for the table in :mod:`lanrage.app.operations`."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated, Any

from msgspec import Meta
from zope.interface import Interface

from lanrage.app.game_detection_results import GamesDetected, GamesPlayed
from lanrage.app.operation import Nothing, Operation, Request
from lanrage.app.operations_game_profiles import GameText
from lanrage.core.game_history import HISTORY_LIMIT


class ShowHistory(Request, frozen=True):
    """Arguments of ``games.history``."""

    limit: Annotated[
        int, Meta(ge=1, le=HISTORY_LIMIT, description=f"how many of the last, a whole number from 1 to {HISTORY_LIMIT}")
    ] = 20


class PlayGame(Request, frozen=True):
    """Arguments of ``games.play``."""

    game: GameText
    stop: Annotated[bool, Meta(description="true or false: it is played no more")] = False


class IGameDetectionNode(Interface):
    """What a node notices of games; see :class:`lanrage.app.operations.INode`."""

    # Interface methods have no self and no body.
    # pylint: disable=no-self-argument,no-method-argument

    def detect_games() -> Awaitable[dict[str, Any]]:
        """What runs now; the result is a :class:`GamesDetected`."""

    def games_history(limit: int) -> Awaitable[dict[str, Any]]:
        """What was played; the result is a :class:`GamesPlayed`."""

    def play_game(game: str, stop: bool) -> Awaitable[dict[str, Any]]:
        """The user's word on what is played; the result is a :class:`GamesDetected`."""


DETECTION: tuple[Operation, ...] = (
    Operation(
        "games.detect",
        Nothing,
        GamesDetected,
        "detect_games",
        "Show which games run on this machine, and how that was noticed.",
        "lanrage games detect",
        reads=True,
    ),
    Operation(
        "games.history",
        ShowHistory,
        GamesPlayed,
        "games_history",
        "Show which games were played on this machine, and when.",
        "lanrage games history --limit 5",
        reads=True,
    ),
    Operation(
        "games.play",
        PlayGame,
        GamesDetected,
        "play_game",
        "Say that you play a game, where it is not noticed, or that you do no more.",
        "lanrage games play openttd",
    ),
)
"""The operations on running games, as one part of those on games."""
