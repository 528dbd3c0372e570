"""The operations on games, for the table in :mod:`lanrage.app.operations`."""

from __future__ import annotations

from lanrage.app.operation import Operation
from lanrage.app.operations_agent import AGENT, IAgentNode
from lanrage.app.operations_game_profiles import PROFILES, IGameProfilesNode


class IGamesNode(IAgentNode, IGameProfilesNode):
    """What a node does about games; see :class:`lanrage.app.operations.INode`."""


GAMES: tuple[Operation, ...] = (*PROFILES, *AGENT)
"""The operations on games, as one part of the table."""
