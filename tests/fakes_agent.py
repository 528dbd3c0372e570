"""Agents of a node in memory."""

from __future__ import annotations

from typing import Any

import msgspec
from twisted.internet.defer import Deferred

from lanrage.app.caller import Caller
from lanrage.app.operations_agent import AgentShown, AgentsShown, OrderTaken, Rejoined, WindowsTaken, WindowTold
from lanrage.app.servers_results import JoinShown
from lanrage.core.game_orders import AnyFound

AGENTS = [
    AgentShown(1000, 12, ""),
    AgentShown(1001, 0, "there is no graphical session (neither DISPLAY nor WAYLAND_DISPLAY is set)"),
]


class FakeAgents:
    """Part of the fake node: it notes what it is told, and needs no agent.

    :ivar join: how the next server is joined.
    """

    join: JoinShown

    def _enter(self, *call: Any) -> None:
        raise NotImplementedError

    def attend(self, *, blind: str, progress: Any, caller: Caller) -> Deferred[dict[str, Any]]:
        """See :class:`IAgentNode`."""
        self._enter("attend", blind, caller.user)
        return Deferred()

    async def tell_windows(self, *, windows: list[WindowTold], caller: Caller) -> dict[str, Any]:
        """See :class:`IAgentNode`."""
        self._enter("tell_windows", [each.title for each in windows], caller.user)
        plain: dict[str, Any] = msgspec.to_builtins(WindowsTaken(len(windows)))
        return plain

    async def order_done(self, *, number: int, error: str, result: AnyFound | None, caller: Caller) -> dict[str, Any]:
        """See :class:`IAgentNode`."""
        self._enter("order_done", number, error, result, caller.user)
        plain: dict[str, Any] = msgspec.to_builtins(OrderTaken(number))
        return plain

    async def rejoin(self, *, login: bool, caller: Caller) -> dict[str, Any]:
        """See :class:`IAgentNode`."""
        self._enter("rejoin", login, caller.user)
        plain: dict[str, Any] = msgspec.to_builtins(Rejoined("there", "0123456789abcdef0123456789abcdef"))
        return plain

    async def launch_server(self, *, server: str, anyway: bool, caller: Caller) -> dict[str, Any]:
        """See :class:`IAgentNode`."""
        self._enter("launch_server", server, anyway, caller.user)
        plain: dict[str, Any] = msgspec.to_builtins(self.join)
        return plain

    async def show_agents(self) -> dict[str, Any]:
        """See :class:`IAgentNode`."""
        plain: dict[str, Any] = msgspec.to_builtins(AgentsShown(AGENTS))
        return plain
