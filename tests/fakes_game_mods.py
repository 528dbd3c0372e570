"""Modifications of games of a node in memory."""

from __future__ import annotations

from typing import Any

import msgspec

from lanrage.app.caller import Caller
from lanrage.app.game_mods_results import MemberModsShown, ModShown, ModsShown

MEMBERS = [
    MemberModsShown("Ben", "differs", ["sodium.jar"], [f"own-{number:02}.jar" for number in range(23)], ["iris.jar"]),
    MemberModsShown("Carl", "same", [], [], []),
    MemberModsShown("Dora", "no-answer", [], [], []),
    MemberModsShown("Emil", "unknown", [], [], []),
    MemberModsShown("Fritz", "no-link", [], [], []),
]


class FakeGameMods:
    """Part of the fake node.

    :ivar alone: nobody else is a member.
    """

    alone = False

    async def compare_mods(self, game: str, caller: Caller | None = None) -> dict[str, Any]:
        """See :meth:`INode.compare_mods`."""
        assert game == "minecraft java"
        mods = ModsShown("minecraft-java", [ModShown("iris.jar", "ab" * 16)], [] if self.alone else MEMBERS)
        plain: dict[str, Any] = msgspec.to_builtins(mods)
        return plain
