"""The operations on games, as one part of the node."""

from __future__ import annotations

from lanrage.app.agent_node import AgentNode
from lanrage.app.game_profiles_node import GameProfilesNode


class GamesNode(AgentNode, GameProfilesNode):
    """Part of :class:`lanrage.app.node.NodeService`."""
