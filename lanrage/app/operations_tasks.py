"""The operation that shows plans of tasks, for the table in :mod:`lanrage.app.operations`."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from zope.interface import Interface

from lanrage.app.operation import Nothing, Operation
from lanrage.app.tasks_results import TasksShown


class ITasksNode(Interface):
    """What a node shows of its plans; see :class:`lanrage.app.operations.INode`."""

    # Interface methods have no self and no body.
    # pylint: disable=no-self-argument,no-method-argument

    def show_tasks() -> Awaitable[dict[str, Any]]:
        """Plans that run, and the last that ended; the result is a :class:`TasksShown`."""


TASKS = (
    Operation(
        "tasks",
        Nothing,
        TasksShown,
        "show_tasks",
        "Show what is being carried out, and how the last start, joins and recoveries went, step by step.",
        "lanrage tasks",
        reads=True,
    ),
)
