"""The node's operations for its users' agents, as one part of it (``docs/agent.rst``)."""

from __future__ import annotations

from typing import Any

import msgspec

from lanrage.app.caller import Caller
from lanrage.app.games_plane import GamesPlane
from lanrage.app.operations_agent import AgentsShown, Attended, WindowsTaken, WindowTold
from lanrage.core.game_windows import Window, one_line


class AgentNode:
    """Part of :class:`lanrage.app.node.NodeService`."""

    games: GamesPlane

    async def attend(self, *, blind: str, progress: Any, caller: Caller) -> dict[str, Any]:
        """See :meth:`INode.attend`."""
        orders = await self.games.agents.attend(caller, progress, one_line(blind))
        plain: dict[str, Any] = msgspec.to_builtins(Attended(orders))
        return plain

    async def tell_windows(self, *, windows: list[WindowTold], caller: Caller) -> dict[str, Any]:
        """See :meth:`INode.tell_windows`."""
        named = [
            Window(one_line(each.title), one_line(each.kind), each.pid, one_line(each.program)) for each in windows
        ]
        plain: dict[str, Any] = msgspec.to_builtins(WindowsTaken(self.games.agents.windows(caller, named)))
        return plain

    async def show_agents(self) -> dict[str, Any]:
        """See :meth:`INode.show_agents`."""
        plain: dict[str, Any] = msgspec.to_builtins(AgentsShown(self.games.agents.shown()))
        return plain
