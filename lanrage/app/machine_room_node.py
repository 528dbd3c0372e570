"""The operations by which one looks after a node, as one part of it."""

from __future__ import annotations


class MachineRoomNode:
    """Part of :class:`lanrage.app.node.NodeService`."""
