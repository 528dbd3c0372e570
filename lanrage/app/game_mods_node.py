"""The operation on games' modifications, as one part of the node."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from lanrage.app.caller import Caller
from lanrage.app.game_mods_results import MemberModsShown, ModShown, ModsShown, ServerModsShown
from lanrage.app.games_plane import GamesPlane
from lanrage.app.party_life import PartyLife
from lanrage.core.game_mods import Compared
from lanrage.core.game_search import find_game
from lanrage.core.server_filter import Listed
from lanrage.errors import BadInput, Refused


class GameModsNode:
    """Part of :class:`lanrage.app.node.NodeService`."""

    games: GamesPlane
    _life: PartyLife | None

    async def compare_mods(self, game: str, caller: Caller | None = None) -> dict[str, Any]:
        """See :meth:`INode.compare_mods`."""
        known = find_game(self.games.profiles.all(), game).game
        own, found = await self.games.side.mods.compare(known, caller.user if caller is not None else None)
        mods = [ModShown(each.name, each.hash.hex()) for each in own.mods]
        plain: dict[str, Any] = msgspec.to_builtins(ModsShown(known, mods, self._compared(found)))
        return plain

    async def mods_beside(self, listed: Listed, caller: Caller | None) -> ServerModsShown | None:
        """The list of who runs a server beside the caller's; ``None`` where its game has none that could be compared,
        or it is no other member's."""
        server = listed.server
        profile, member = self.games.profiles.get(server.game), server.origin.member
        if profile is None or profile.mods is None or member is None or server.origin.own:
            return None
        user = caller.user if caller is not None else None
        try:
            found = await self.games.side.mods.beside(member, server.game, user)
        except (BadInput, Refused) as error:
            return ServerModsShown(listed.member, "unknown-here", str(error), [], [], [])
        beside = shown(listed.member, found)
        return ServerModsShown(beside.name, beside.verdict, "", beside.missing_here, beside.missing_there, beside.other)

    def _compared(self, found: Mapping[bytes, Compared]) -> list[MemberModsShown]:
        """By addresses; who left meanwhile is left out."""
        replica = self._life.replica if self._life is not None else None
        if replica is None:
            return []
        members = sorted(replica.members.values(), key=lambda entry: entry.member.certificate.ip)
        return [
            shown(entry.member.certificate.name, found[entry.identity]) for entry in members if entry.identity in found
        ]


def shown(name: str, found: Compared) -> MemberModsShown:
    """One member's list beside ours, as the API shows it."""
    lists = found.difference
    return MemberModsShown(name, found.verdict.value, list(lists.there), list(lists.here), list(lists.other))
