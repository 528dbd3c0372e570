"""A game's modifications by a user's agent, where the node cannot read a player's home (``docs/games-mods.rst``).

Both sides: what the agent does with the order, and how the node asks and what it believes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, fail

from lanrage.app.agent_desk import AgentDesk
from lanrage.app.game_mods_own import OwnModLists, is_player
from lanrage.core.game_mods import ModList
from lanrage.core.game_orders import PART_MODS, LookMods, ModsFound, ModTold
from lanrage.core.game_profile import GameProfile
from lanrage.errors import BadInput, Refused


class ModLooking:
    """Reads lists in the agent's own session.

    :param lists: of the user whom the agent runs as.
    :param find: a game's profile by its id; ``None`` where there is none.
    """

    def __init__(self, lists: OwnModLists, find: Callable[[str], GameProfile | None]) -> None:
        self._lists, self._find = lists, find

    async def __call__(self, order: LookMods) -> tuple[ModsFound, ...]:
        """The whole list, in parts.

        :raises BadInput: its profile names no modifications here, or they are not known: the message says why.
        """
        profile = self._find(order.game)
        if profile is None or profile.mods is None:
            raise BadInput("game", "its profile names no modifications in this session")
        own = await self._lists.get(order.game, profile.mods)
        if own.trouble:
            raise BadInput("game", own.trouble)
        return in_parts(own.mods)


def in_parts(mods: ModList) -> tuple[ModsFound, ...]:
    """A list as an agent tells it; an empty one is one empty part."""
    told = [ModTold.of(each) for each in mods.mods]
    starts = range(0, max(1, len(told)), PART_MODS)
    return tuple(ModsFound(more=start != starts[-1], mods=told[start : start + PART_MODS]) for start in starts)


def from_parts(parts: tuple[ModsFound, ...]) -> ModList:
    """The list that an agent told.

    :raises BadInput: a name or a hash that is none, a name twice, or too many.
    """
    return ModList.of(each.mod() for part in parts for each in part.mods)


def asking(desk: AgentDesk) -> Callable[[str, int | None], Deferred[ModList]]:
    """How the node gets a game's list from the agent of a user; of the player who came last, where that one has none.

    What it returns fails with :class:`Refused` where there is no list, and with :class:`BadInput` for one that breaks
    a rule.
    """

    def ask(game: str, user: int | None) -> Deferred[ModList]:
        players = [each for each in desk.users if is_player(each)]
        if not players:
            return fail(Refused("no_agent", "no agent of a player is there (twistd lanrage agent)"))
        whose = user if user in players else players[0]
        asked: Deferred[Any] = desk.ask(whose, LookMods(game=game))
        return asked.addCallback(from_parts)

    return ask
