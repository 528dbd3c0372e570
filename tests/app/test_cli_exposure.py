"""``lanrage lan exposure``."""

from __future__ import annotations

import json

from tests.app.test_cli import CommandCase
from tests.fakes_node import CODE


class ExposureCommandTests(CommandCase):
    """The command."""

    def test_shown(self) -> None:
        """Each service with its program and what becomes of a member's packet; the user's ports; what to do."""
        self.done("party", "join", CODE)
        out = self.done("lan", "exposure")
        for words in ("games", "7 packets", "postgres", "kept from the party", "dropped by another firewall"):
            self.assertIn(words, out)
        self.assertIn("sudo lanrage firewall allow", out)
        self.assertIn("in play: 40000/udp (named in --lan-ports)", out.splitlines())
        self.assertIn("in play: the ports of 1 well-known games (--json lists them)", out.splitlines())

    def test_json(self) -> None:
        """The same for programs."""
        self.done("party", "join", CODE)
        shown = json.loads(self.done("lan", "exposure", "--json"))
        self.assertEqual(["kept", "open", "blocked"], [row["reach"] for row in shown["services"]])

    def test_no_party(self) -> None:
        """In no party nothing is exposed."""
        self.assertIn("in no party", self.run_command("lan", "exposure").stderr)
