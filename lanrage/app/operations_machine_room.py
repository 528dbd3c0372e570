"""The operations by which one looks after a process of any role, for the table in :mod:`lanrage.app.operations`."""

from __future__ import annotations

import attrs
from zope.interface import Attribute

from lanrage.app.operation import Operation
from lanrage.app.operations_logs import LOGS, ILogsNode
from lanrage.app.operations_metrics import METRICS, IMetricsNode
from lanrage.app.operations_notify import NOTIFY, INotifyNode
from lanrage.app.operations_profile import PROFILE, IProfileNode
from lanrage.app.operations_settings import SETTINGS_OPERATIONS, ISettingsNode
from lanrage.app.operations_tasks import TASKS, ITasksNode
from lanrage.core.setting import SERVING


class IMachineRoom(ILogsNode, IMetricsNode, INotifyNode, IProfileNode, ISettingsNode, ITasksNode):
    """What every process offers its operator; see :class:`lanrage.app.operations.INode`."""

    role = Attribute("What it runs: one of :data:`lanrage.core.setting.SERVING`.")


MACHINE_ROOM: tuple[Operation, ...] = tuple(
    attrs.evolve(row, roles=SERVING) for row in (*METRICS, *NOTIFY, *PROFILE, *SETTINGS_OPERATIONS, *TASKS, *LOGS)
)
"""The operations by which one looks after a process; every role serves them."""
