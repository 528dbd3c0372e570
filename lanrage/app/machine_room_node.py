"""The operations by which one looks after a node, as one part of it."""

from __future__ import annotations

from lanrage.app.profile_node import ProfileNode


class MachineRoomNode(ProfileNode):
    """Part of :class:`lanrage.app.node.NodeService`."""
