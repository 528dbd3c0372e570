"""``lanrage party recent``, ``ready-check``, ``ready``, ``not-ready``, ``lags``, and ``lanrage open-link``."""

from __future__ import annotations

import json

from lanrage.core.code import InvitationCode
from tests.app.test_cli import CommandCase
from tests.core.test_discord_activity import code

LINK = code("play.example.org:7766").link()


class PartyTests(CommandCase):
    """With a node in memory."""

    def setUp(self) -> None:
        """In a party."""
        super().setUp()
        self.done("party", "join", "LR1-x", "--as", "Ann")

    def test_ready(self) -> None:
        """Asked, answered both ways, with each member's word."""
        self.assertIn("Ready check of Ann: 60 s to answer", self.done("party", "ready-check"))
        self.assertIn("everybody is ready", self.done("party", "ready"))
        out = self.done("party", "not-ready")
        self.assertIn("  Ann: not ready\n  Ben: ready", out)
        self.assertEqual(self.node.calls[-2:], [("answer_ready", True), ("answer_ready", False)])

    def test_recent(self) -> None:
        """Where, as whom and with whom; none yet is said so."""
        out = self.done("party", "recent")
        for word in ("Friday", "play.example.org:7766", "Ben, Cleo"):
            self.assertIn(word, out)
        self.node.parties = ()
        self.assertEqual(self.done("party", "recent"), "This machine took part in no party yet.\n")

    def test_lags(self) -> None:
        """Who, and why."""
        self.assertTrue(self.done("party", "lags").startswith("Ben lags, as seen from here: packets take 140 ms"))
        self.assertEqual(json.loads(self.done("party", "lags", "--json"))["who"], "Ben")


class LinkTests(CommandCase):
    """What a desktop starts."""

    def test_no_terminal(self) -> None:
        """Nothing is joined: the command is printed, in quotes that a shell keeps."""
        out = self.done("open-link", LINK)
        self.assertIn(f"lanrage party join '{LINK}'", out)
        self.assertEqual(self.node.calls, [])
        told = json.loads(self.done("open-link", LINK, "--json"))
        self.assertEqual(told["party_id"], InvitationCode.decode(LINK).party_id)

    def test_refused(self) -> None:
        """A link that is none, or shows another server, is refused before anybody is asked."""
        for text in ("https://example.org", LINK.replace("play", "evil"), "lanrage://x;reboot/join#LR1-a"):
            result = self.run_command("open-link", text)
            self.assertEqual((result.exit_code, self.node.calls), (1, []))
            self.assertIn("LINK: ", result.output)
