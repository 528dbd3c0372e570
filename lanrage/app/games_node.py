"""The operations on games, as one part of the node."""

from __future__ import annotations

from lanrage.app.agent_node import AgentNode
from lanrage.app.game_announcing_node import GameAnnouncingNode
from lanrage.app.game_detection_node import GameDetectionNode
from lanrage.app.game_profiles_node import GameProfilesNode
from lanrage.app.servers_node import ServersNode


class GamesNode(GameProfilesNode, GameDetectionNode, GameAnnouncingNode, ServersNode, AgentNode):
    """Part of :class:`lanrage.app.node.NodeService`."""
