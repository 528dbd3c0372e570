"""The node's operations for its users' agents, as one part of it (``docs/agent.rst``)."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

import msgspec

from lanrage.app.caller import Caller
from lanrage.app.game_mods_words import differing
from lanrage.app.games_plane import GamesPlane
from lanrage.app.operations_agent import AgentsShown, Attended, OrderTaken, WindowsTaken, WindowTold
from lanrage.core.game_launch import check_launch
from lanrage.core.game_mods import Verdict
from lanrage.core.game_orders import AnyFound, Launch
from lanrage.core.game_windows import Window, one_line
from lanrage.errors import Refused


class AgentNode:
    """Part of :class:`lanrage.app.node.NodeService`."""

    games: GamesPlane

    def join_server(self, *, server: str, caller: Caller | None = None) -> Awaitable[dict[str, Any]]:
        """See :meth:`INode.join_server`."""
        raise AssertionError("given by the node")

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

    async def launch_server(self, *, server: str, anyway: bool, caller: Caller) -> dict[str, Any]:
        """See :meth:`INode.launch_server`."""
        told = await self.join_server(server=server, caller=caller)
        if told["mods"] is not None and told["mods"]["verdict"] == Verdict.DIFFERS.value and not anyway:
            raise Refused("mods_differ", differing(told["mods"]))
        order = Launch(game=told["game"], address=told["address"], port=told["port"])
        check_launch(self.games.profiles.get(order.game), order.address, order.port)
        try:
            await self.games.agents.ask(caller.user, order)
        except Refused as error:
            raise Refused("not_started", error.message) from error
        return told

    async def order_done(self, *, number: int, error: str, result: AnyFound | None, caller: Caller) -> dict[str, Any]:
        """See :meth:`INode.order_done`."""
        self.games.agents.done(caller, number, error, result)
        plain: dict[str, Any] = msgspec.to_builtins(OrderTaken(number))
        return plain

    async def show_agents(self) -> dict[str, Any]:
        """See :meth:`INode.show_agents`."""
        plain: dict[str, Any] = msgspec.to_builtins(AgentsShown(self.games.agents.shown()))
        return plain
