"""Plans of a node in memory."""

from __future__ import annotations

from typing import Any

import msgspec

from lanrage.app.tasks_results import PlanShown, TaskShown, TasksShown

STEPS = [
    TaskShown("reach the control server", "done", "normal", [], "", False, 1, 0.31, "", True),
    TaskShown(
        "become a member", "failed", "normal", ["reach the control server"], "", False, 1, 0.02, "no room", False
    ),
    TaskShown(
        "take part", "skipped", "normal", ["become a member"], "", False, 0, None, "needs become a member", False
    ),
]


class FakeTasks:
    """Part of the fake node."""

    async def show_tasks(self) -> dict[str, Any]:
        """See :meth:`INode.show_tasks`."""
        plain: dict[str, Any] = msgspec.to_builtins(
            TasksShown([PlanShown("join a party", "failed", 60.2, 0.33, STEPS)])
        )
        return plain
