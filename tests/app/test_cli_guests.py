"""``lanrage party guest``."""

from __future__ import annotations

import json
import shutil
import stat
import tempfile
from pathlib import Path

from tests.app.test_cli import CommandCase
from tests.fakes_guests import CONFIG
from tests.fakes_node import CODE

USUAL = ("add_guest", "phone", 168.0, "", "", False)


class GuestCommandTests(CommandCase):
    """The commands."""

    def setUp(self) -> None:
        """In a party."""
        super().setUp()
        self.done("party", "join", CODE)
        self.node.calls.clear()

    def test_add(self) -> None:
        """A code to scan, the text, and the doubt; a second way is named."""
        out = self.done("party", "guest", "add", "phone")
        self.assertEqual([USUAL], self.node.calls)
        for words in (
            "█",
            *CONFIG.splitlines(),
            "10.66.0.254",
            "It may not get through",
            "lanrage party guest add phone --via Ben",
        ):
            self.assertIn(words, out)

    def test_options(self) -> None:
        """All are handed on."""
        options = ("--expires", "0.5", "--via", "Ben", "--address", "ben.example.org:7", "--plain", "--json")
        out = self.done("party", "guest", "add", "phone", *options)
        self.assertEqual([("add_guest", "phone", 0.5, "Ben", "ben.example.org:7", True)], self.node.calls)
        self.assertEqual(("ben.example.org:7", ""), (json.loads(out)["endpoint"], json.loads(out)["doubt"]))

    def test_files(self) -> None:
        """What is written its owner alone reads, and the terminal shows no key then."""
        folder = tempfile.mkdtemp(prefix="lanrage-guest-")
        self.addCleanup(shutil.rmtree, folder)
        config, picture = Path(folder, "phone.conf"), Path(folder, "phone.svg")
        out = self.done("party", "guest", "add", "phone", "--config", str(config), "--qr-svg", str(picture))
        self.assertEqual(CONFIG, config.read_text(encoding="utf-8"))
        self.assertIn("<svg", picture.read_text(encoding="utf-8"))
        self.assertEqual([0o600, 0o600], [stat.S_IMODE(path.stat().st_mode) for path in (config, picture)])
        self.assertNotIn("PrivateKey", out)
        self.assertNotIn("█", out)

    def test_no_folder(self) -> None:
        """Found out before the key is drawn: nobody could show the configuration again."""
        result = self.run_command("party", "guest", "add", "phone", "--config", "/nonexistent/phone.conf")
        self.assertEqual(1, result.exit_code)
        self.assertIn("--config", result.stderr)
        self.assertEqual([], self.node.calls)

    def test_list(self) -> None:
        """Who, where, through whom, and when it was here."""
        rows = [row.split() for row in self.done("party", "guest", "list").splitlines()]
        self.assertIn(["phone", "10.66.0.254", "Ann", "12", "s", "ago"], [row[:6] for row in rows])
        self.assertIn(["deck", "10.66.0.253", "Ben"], [row[:3] for row in rows])

    def test_remove(self) -> None:
        """All ways, or one; what is left to do is said."""
        self.assertIn("no guest of the party any more", self.done("party", "guest", "remove", "phone"))
        self.assertIn("do this again later", self.done("party", "guest", "remove", "phone", "--via", "Ben"))
        self.assertEqual([("remove_guest", "phone", ""), ("remove_guest", "phone", "Ben")], self.node.calls)

    def test_times(self) -> None:
        """No time, and more than a year, are wrong."""
        for hours in ("0", "8785"):
            self.assertEqual(2, self.run_command("party", "guest", "add", "tv", "--expires", hours).exit_code)
