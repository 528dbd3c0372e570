"""The operations by which one looks after a node, as one part of it."""

from __future__ import annotations

from lanrage.app.profile_node import ProfileNode
from lanrage.app.settings_node import SettingsNode


class MachineRoomNode(ProfileNode, SettingsNode):
    """Part of :class:`lanrage.app.node.NodeService`."""
