"""The operations by which one looks after a node, as one part of it."""

from __future__ import annotations

from lanrage.app.join_timing import JoinTiming
from lanrage.app.metrics_node import MetricsNode
from lanrage.app.profile_node import ProfileNode
from lanrage.app.settings_node import SettingsNode
from lanrage.app.tasks_node import TasksNode


class MachineRoomNode(JoinTiming, MetricsNode, ProfileNode, SettingsNode, TasksNode):
    """Part of :class:`lanrage.app.node.NodeService`."""
