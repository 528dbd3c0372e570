"""The operations by which one looks after a node, for the table in :mod:`lanrage.app.operations`."""

from __future__ import annotations

from lanrage.app.operation import Operation
from lanrage.app.operations_metrics import METRICS, IMetricsNode
from lanrage.app.operations_profile import PROFILE, IProfileNode
from lanrage.app.operations_settings import SETTINGS_OPERATIONS, ISettingsNode
from lanrage.app.operations_tasks import TASKS, ITasksNode


class IMachineRoom(IMetricsNode, IProfileNode, ISettingsNode, ITasksNode):
    """What a node offers to its operator; see :class:`lanrage.app.operations.INode`."""


MACHINE_ROOM: tuple[Operation, ...] = (*METRICS, *PROFILE, *SETTINGS_OPERATIONS, *TASKS)
