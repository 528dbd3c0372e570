"""The operations by which one looks after a node, as one part of it."""

from __future__ import annotations

from collections.abc import Iterator

from lanrage.app.join_timing import JoinTiming
from lanrage.app.logs_node import LogsNode
from lanrage.app.metrics_node import MetricsNode
from lanrage.app.notify_node import NotifyNode
from lanrage.app.profile_node import ProfileNode
from lanrage.app.settings_node import SettingsNode
from lanrage.app.task_runner import TaskRunner
from lanrage.app.tasks_node import TasksNode
from lanrage.app.web_node import WebNode


class MachineRoomNode(JoinTiming, LogsNode, MetricsNode, NotifyNode, ProfileNode, SettingsNode, TasksNode, WebNode):
    """Part of :class:`lanrage.app.node.NodeService`."""

    tasks: TaskRunner

    @property
    def role(self) -> str:
        """What the process runs: ``node``, or ``all`` with a server beside it."""
        return self.settings.role

    def runners(self) -> Iterator[TaskRunner]:
        """Those of the role and of the node itself."""
        yield from super().runners()
        yield self.tasks
