"""The operation that shows plans of tasks, as one part of what is asked (``docs/tasks.rst``)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from lanrage.app.role_service import RoleService
from lanrage.app.task_runner import PlanRun, TaskRunner
from lanrage.app.tasks_results import PlanShown, TaskShown, TasksShown
from lanrage.core.tasks import Standing


class TasksNode:
    """Part of :class:`lanrage.app.node.NodeService` and :class:`lanrage.app.machine_room.MachineRoom`.

    :ivar around: the role that it is a part of; ``None`` where it is part of none.
    """

    _reactor: Any
    around: RoleService | None = None

    def runners(self) -> Iterator[TaskRunner]:
        """Who carries plans out."""
        if self.around is not None:
            yield self.around.tasks

    async def show_tasks(self) -> dict[str, Any]:
        """See :meth:`INode.show_tasks`."""
        runs = sorted((run for runner in self.runners() for run in runner.runs), key=lambda run: run.began)
        plain: dict[str, Any] = msgspec.to_builtins(TasksShown([shown(run, self._reactor.seconds()) for run in runs]))
        return plain


def shown(run: PlanRun, now: float) -> PlanShown:
    """A plan as it stands."""
    state = "running" if run.ended is None else "failed" if run.plan.missed else "done"
    tasks = [_task(each, each.task.name in run.undone, now) for each in run.plan.standings.values()]
    ended = run.ended if run.ended is not None else now
    return PlanShown(run.title, state, round(now - run.began, 3), round(ended - run.began, 3), tasks)


def _task(standing: Standing, undone: bool, now: float) -> TaskShown:
    task, seconds = standing.task, None
    if standing.began is not None:
        seconds = round((standing.ended if standing.ended is not None else now) - standing.began, 3)
    return TaskShown(
        task.name,
        str(standing.state),
        task.priority.name.lower(),
        list(task.needs),
        task.group,
        task.optional,
        standing.attempt,
        seconds,
        standing.reason,
        undone,
    )
