"""``lanrage tasks``, and what a real node gives it."""

from __future__ import annotations

import json

from twisted.internet.defer import Deferred

from lanrage.errors import LanrageError
from tests.app.node_world import NodeCase
from tests.app.test_cli import CommandCase


class TasksTests(CommandCase):
    """With a node in memory."""

    def test_table(self) -> None:
        """Each plan has its outcome, each step its state, its time and why."""
        out = self.done("tasks")
        self.assertIn("join a party: failed in 0.33 s, begun 60 s ago", out)
        for words in ("done, undone", "no room", "needs become a member"):
            self.assertIn(words, out)

    def test_json(self) -> None:
        """The same for programs."""
        (plan,) = json.loads(self.done("tasks", "--json"))["plans"]
        self.assertEqual(["done", "failed", "skipped"], [task["state"] for task in plan["tasks"]])
        self.assertEqual([True, False, False], [task["undone"] for task in plan["tasks"]])


class NodeTests(NodeCase):
    """Plans of a node's life."""

    def test_life(self) -> Deferred[None]:
        """Start, founding and leaving are done; a join that failed shows where, and nothing of it is left."""

        async def life() -> None:
            await self.serve()
            anna = await self.player("anna", 1)
            await anna.create()
            await anna.node.leave_party()
            await self.unserve()
            await self.fails(LanrageError, "unreachable", anna.create())
            plans = (await anna.node.show_tasks())["plans"]
            told = [(plan["title"], plan["state"]) for plan in plans]
            names = ["start the node", "found a party", "leave the party"]
            self.assertEqual([*((name, "done") for name in names), ("found a party", "failed")], told)
            states = [task["state"] for task in plans[-1]["tasks"]]
            self.assertEqual(["failed", "skipped", "skipped", "skipped"], states)
            self.assertIn("needs reach the control server, which failed", plans[-1]["tasks"][-1]["reason"])

        return self.run_async(life())
