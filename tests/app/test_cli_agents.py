"""``lanrage games agents``."""

from __future__ import annotations

import json

from msgspec.structs import replace

from tests.app.test_cli import CommandCase
from tests.fakes_servers import DIFFERS, JOIN


class AgentsTests(CommandCase):
    """With a node in memory."""

    def test_table(self) -> None:
        """Whose session, and how many windows or why none."""
        out = self.done("games", "agents")
        self.assertIn("1000", out)
        self.assertIn("none: there is no graphical session", out)

    def test_launch(self) -> None:
        """The agent of who asks is asked; it says where to."""
        self.assertEqual(
            "Your agent has started OpenArena to join 10.66.0.2:27960.\n", self.done("servers", "launch", "Arena")
        )
        self.node.join = replace(JOIN, mods=DIFFERS)
        words = " ".join(self.done("servers", "launch", "Arena", "--anyway").split())
        self.assertIn("Your modifications differ from those of Ben: missing here: a.jar missing there: b.jar", words)
        self.assertEqual([False, True], [call[2] for call in self.node.calls if call[0] == "launch_server"])

    def test_json(self) -> None:
        """The same for programs."""
        agents = json.loads(self.done("games", "agents", "--json"))["agents"]
        self.assertEqual([12, 0], [agent["windows"] for agent in agents])
