"""The operations on games, for the table in :mod:`lanrage.app.operations`."""

from __future__ import annotations

from lanrage.app.operation import Operation
from lanrage.app.operations_agent import AGENT, IAgentNode
from lanrage.app.operations_game_detection import DETECTION, IGameDetectionNode
from lanrage.app.operations_game_mods import MODS, IGameModsNode
from lanrage.app.operations_game_profiles import PROFILES, IGameProfilesNode
from lanrage.app.operations_servers import SERVERS, IServersNode


class IGamesNode(IAgentNode, IGameProfilesNode, IGameDetectionNode, IGameModsNode, IServersNode):
    """What a node does about games; see :class:`lanrage.app.operations.INode`."""


GAMES: tuple[Operation, ...] = (*PROFILES, *DETECTION, *MODS, *SERVERS, *AGENT)
"""The operations on games, as one part of the table."""
