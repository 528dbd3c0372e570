"""``lanrage lan bridge``, and what the status tells of it."""

from __future__ import annotations

import json

import msgspec

from lanrage.app.cli_bridges import bridge_lines
from lanrage.errors import Refused
from tests.app.test_cli import CommandCase
from tests.fakes_bridge import shown_bridge
from tests.fakes_node import PARTY_ID


class BridgeTests(CommandCase):
    """With a node in memory."""

    def test_bridge(self) -> None:
        """A card is bridged for one device or for all, shown with the ports that stand for each, and let go."""
        self.node.party = PARTY_ID
        out = self.done("lan", "bridge", "eth0", "--device", "192.168.1.50")
        self.assertEqual(out, "eth0: 192.168.1.50, as 192.168.1.20\n  192.168.1.50, UDP port 3074, 5000 as 61000\n")
        self.assertIn("all devices that play", self.done("lan", "bridge", "eth0"))
        self.assertEqual(self.done("lan", "bridge", "--off", "eth0"), "No card is bridged.\n")
        self.assertEqual(
            self.node.calls,
            [
                ("bridge_lan", "eth0", "192.168.1.50", False),
                ("bridge_lan", "eth0", "", False),
                ("bridge_lan", "eth0", "", True),
            ],
        )
        shown = json.loads(self.done("lan", "bridge", "eth0", "--json"))
        self.assertEqual(shown["bridges"][0]["devices"][0]["ports"][1], {"port": 5000, "party_port": 61000})

    def test_refused(self) -> None:
        """Words that are no card or no address do not reach the node; outside a party it is refused."""
        for words in (("eth0/..",), ("a" * 16,), ("eth0", "--device", "console")):
            self.assertEqual(self.run_command("lan", "bridge", *words).exit_code, 1)
        self.assertEqual(self.node.calls, [])
        self.node.failures["bridge_lan"] = Refused("not_in_party", "no party")
        self.assertEqual(self.run_command("lan", "bridge", "eth0").exit_code, 1)

    def test_lines(self) -> None:
        """A bridge that does not stand says why, one that is another's says so."""
        shown = msgspec.to_builtins(shown_bridge("eth0", None))
        broken = {**shown, "trouble": "no card", "devices": []}
        self.assertEqual(bridge_lines(broken), ["eth0: all devices that play, does not stand: no card"])
        self.assertIn("another member", bridge_lines({**shown, "yields": True})[0])
