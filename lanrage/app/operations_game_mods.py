"""The operation on games' modifications, for the table in :mod:`lanrage.app.operations`."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from zope.interface import Interface

from lanrage.app.caller import Caller
from lanrage.app.game_mods_results import ModsShown
from lanrage.app.operation import Operation, Request
from lanrage.app.operations_game_profiles import GameText


class CompareMods(Request, frozen=True):
    """Arguments of ``games.mods``."""

    game: GameText


class IGameModsNode(Interface):
    """How members' modifications differ; see :class:`lanrage.app.operations.INode`."""

    # Interface methods have no self and no body.
    # pylint: disable=no-self-argument,no-method-argument

    def compare_mods(game: str, caller: Caller | None = None) -> Awaitable[dict[str, Any]]:
        """Ask the others; the result is a :class:`ModsShown`."""


MODS: tuple[Operation, ...] = (
    Operation(
        "games.mods",
        CompareMods,
        ModsShown,
        "compare_mods",
        "Compare a game's modifications with the other members'.",
        "lanrage games mods openttd",
        asked=True,
    ),
)
"""The operation on games' modifications, as one part of those on games."""
