"""``lanrage settings``."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

from lanrage.app.config import NodeConfig
from lanrage.app.settings_book import SettingsBook
from lanrage.app.settings_start import Start
from lanrage.store.settings import SettingsFile
from tests.app.test_cli import CommandCase


class SettingsTests(CommandCase):
    """With a node in memory, whose settings are in a real file."""

    def setUp(self) -> None:
        """A node with a state folder."""
        super().setUp()
        self.folder = Path(tempfile.mkdtemp(prefix="lanrage-cli-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.node.book = SettingsBook(Start.plain(self.folder), NodeConfig.parse)

    def refused(self, *words: str) -> str:
        """Standard error of a command that fails."""
        result = self.run_command("settings", *words)
        self.assertEqual(result.exit_code, 1, result.output)
        return result.stderr

    def test_list(self) -> None:
        """A row a setting, with where its value comes from."""
        self.done("settings", "set", "lan.exposure", "games")
        lines = self.done("settings", "list").splitlines()
        row = next(line for line in lines if line.lstrip().startswith("lan.exposure"))
        self.assertEqual(row.split(), ["lan.exposure", "games", "stored", "at", "once"])
        listed = json.loads(self.done("settings", "list", "--json"))
        self.assertEqual({each["name"]: each["origin"] for each in listed["settings"]}["lan.exposure"], "stored")

    def test_show(self) -> None:
        """One, with its rule."""
        out = self.done("settings", "show", "lan.dedup_window")
        for words in (
            "from       default",
            "rule       a number of seconds from 0.05 to 60",
            "LANRAGE_LAN_DEDUP_WINDOW",
        ):
            self.assertIn(words, out)

    def test_set(self) -> None:
        """Several at a time; whether it takes effect now; the same in JSON."""
        out = self.done("settings", "set", "lan.exposure", "games", "links.port", "0")
        self.assertIn("lan.exposure = games: takes effect now", out)
        self.assertIn("links.port = 0: takes effect at the next start", out)
        self.assertEqual(self.done("settings", "set", "links.port", "0"), "No value changed; active set: main.\n")
        told = json.loads(self.done("settings", "set", "lan.card", "x", "--json"))
        self.assertEqual(told["changed"], [{"name": "lan.card", "value": "x", "origin": "stored", "restart": True}])

    def test_question(self) -> None:
        """``?`` as a value shows the rule and stores nothing."""
        self.assertIn("rule       one of guarded, games, all", self.done("settings", "set", "lan.exposure", "?"))
        self.assertEqual(dict(SettingsFile(self.folder).load().values), {})

    def test_refused(self) -> None:
        """The setting and the rule."""
        self.assertIn("lan.exposure: 'some' is none of guarded", self.refused("set", "lan.exposure", "some"))
        self.assertIn("lan.exposed: is no setting", self.refused("show", "lan.exposed"))
        self.assertIn("VALUE: lan.exposure has none", self.refused("set", "lan.exposure"))
        self.assertIn("lan.card=x has none; NAME and VALUE are two words", self.refused("set", "lan.card=x"))
        self.assertIn("name one setting, or --all", self.refused("reset"))
        self.assertIn("no stored set; there are main", self.refused("activate", "home"))
        error = json.loads(self.run_command("settings", "set", "lan.card", "a/b", "--json").stdout)["error"]
        self.assertEqual((error["code"], error["field"]), ("bad_input", "lan.card"))

    def test_reset(self) -> None:
        """One, or all."""
        self.done("settings", "set", "lan.card", "x", "lan.exposure", "all")
        self.assertIn("lan.card = lanrage0 (the default)", self.done("settings", "reset", "lan.card"))
        self.assertIn("lan.exposure = guarded (the default)", self.done("settings", "reset", "--all"))

    def test_sets(self) -> None:
        """Kept, listed, activated, deleted."""
        self.done("settings", "set", "lan.card", "x")
        self.assertIn("home", self.done("settings", "save", "home"))
        self.done("settings", "reset", "--all")
        self.assertIn("lan.card = x", self.done("settings", "activate", "home"))
        sets = json.loads(self.done("settings", "sets", "--json"))["sets"]
        self.assertEqual(
            [(each["name"], each["active"], each["values"]) for each in sets], [("home", True, 1), ("main", False, 0)]
        )
        self.assertNotIn("main", self.done("settings", "delete", "main"))

    def test_files(self) -> None:
        """To a file and back, or by standard output and input."""
        path = self.folder / "mine.toml"
        self.done("settings", "set", "lan.dedup_window", "2.5")
        self.assertEqual(self.done("settings", "export"), "[lan]\ndedup_window = 2.5\n")
        self.done("settings", "export", "main", "--file", str(path))
        self.done("settings", "reset", "--all")
        self.assertIn("lan.dedup_window = 2.5", self.done("settings", "import", str(path)))
        self.done("settings", "import", "-", "--replace", stdin='[lan]\ncard = "x"\n')
        self.assertEqual(dict(SettingsFile(self.folder).load().values), {"lan.card": "x"})
        self.assertIn("cannot be read", self.refused("import", str(self.folder / "none.toml")))
        self.assertIn("cannot be written", self.refused("export", "--file", str(self.folder)))
        path.write_bytes(b"\xff")
        self.assertIn("no UTF-8", self.refused("import", str(path)))


class OfflineTests(CommandCase):
    """``--state-dir``: no node is asked."""

    def setUp(self) -> None:
        """A state folder."""
        super().setUp()
        self.folder = tempfile.mkdtemp(prefix="lanrage-cli-")
        self.addCleanup(shutil.rmtree, self.folder)

    def offline(self, *words: str) -> str:
        """Standard output."""
        out = self.done("settings", *words, "--state-dir", self.folder)
        self.assertEqual(self.node.calls, [])
        return out

    def test_every_command(self) -> None:
        """Settings of all roles; all wait for the next start."""
        out = self.offline("set", "control.registration", "closed", "relay.host", "192.0.2.1", "lan.exposure", "all")
        self.assertEqual(out.count("takes effect at the next start"), 3)
        self.assertIn("relay.host", self.offline("list"))
        self.assertIn("closed", self.offline("show", "control.registration"))
        self.offline("save", "other")
        self.assertIn("relay.host", self.offline("reset", "relay.host"))
        self.assertIn("relay.host = 192.0.2.1", self.offline("activate", "other"))
        self.offline("delete", "main")
        self.assertIn("other", self.offline("sets"))
        toml = self.offline("export")
        self.assertIn('[relay]\nhost = "192.0.2.1"\n', toml)
        self.offline("reset", "--all")
        result = self.run_command("settings", "import", "-", "--state-dir", self.folder, stdin=toml)
        self.assertEqual((result.exit_code, self.offline("export")), (0, toml))

    def test_held(self) -> None:
        """A running node's file is read, not changed."""
        node = SettingsFile(Path(self.folder))
        self.assertEqual(node.hold(), "")
        self.addCleanup(node.release)
        result = self.run_command("settings", "set", "lan.card", "x", "--state-dir", self.folder, "--json")
        self.assertEqual(json.loads(result.stdout)["error"]["code"], "node_running")
        self.offline("list")

    def test_no_folder(self) -> None:
        """A folder that is not there is no empty one."""
        result = self.run_command("settings", "list", "--state-dir", f"{self.folder}/none")
        self.assertEqual(result.exit_code, 1)
        self.assertIn("state-dir", result.stderr)
