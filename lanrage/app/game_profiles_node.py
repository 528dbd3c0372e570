"""The operations on profiles of games, as one part of the node."""

from __future__ import annotations

from typing import Any

import attrs
import msgspec

from lanrage.app.game_profiles_results import FactShown, GameListed, GameShown, GamesListed, ProblemShown
from lanrage.app.games_plane import GamesPlane
from lanrage.core.game_profile import GameProfile
from lanrage.core.game_search import find_game, search_games
from lanrage.core.game_values import plain_profile


class GameProfilesNode:
    """Part of :class:`lanrage.app.node.NodeService`."""

    games: GamesPlane

    async def list_games(self, query: str) -> dict[str, Any]:
        """See :meth:`INode.list_games`."""
        profiles = self.games.profiles
        known = profiles.all()
        problems = [ProblemShown(each.file, each.line, each.rule) for each in profiles.problems]
        found = [_listed(each) for each in search_games(known, query)]
        return _plain(GamesListed(found, len(known), str(profiles.folder), problems))

    async def show_game(self, game: str) -> dict[str, Any]:
        """See :meth:`INode.show_game`."""
        return _plain(shown(find_game(self.games.profiles.all(), game)))


def _listed(profile: GameProfile) -> GameListed:
    ports = [str(use.span) for use in profile.ports]
    return GameListed(profile.game, profile.name, profile.confidence, ports, profile.own)


def shown(profile: GameProfile) -> GameShown:
    """A profile as the API shows it."""
    facts = [FactShown(*attrs.astuple(fact)) for fact in profile.facts]
    values = plain_profile(profile)
    return GameShown(profile.game, profile.name, profile.confidence, profile.own, values, facts)


def _plain(value: msgspec.Struct) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(value)
    return plain
