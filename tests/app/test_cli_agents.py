"""``lanrage games agents``."""

from __future__ import annotations

import json

from tests.app.test_cli import CommandCase


class AgentsTests(CommandCase):
    """With a node in memory."""

    def test_table(self) -> None:
        """Whose session, and how many windows or why none."""
        out = self.done("games", "agents")
        self.assertIn("1000", out)
        self.assertIn("none: there is no graphical session", out)

    def test_launch(self) -> None:
        """The agent of who asks is asked; it says where to."""
        self.assertIn("OpenArena to join 10.66.0.2:27960", self.done("servers", "launch", "Arena"))

    def test_json(self) -> None:
        """The same for programs."""
        agents = json.loads(self.done("games", "agents", "--json"))["agents"]
        self.assertEqual([12, 0], [agent["windows"] for agent in agents])
