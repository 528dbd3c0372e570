"""The operations on stored settings."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from unittest import SkipTest

import attrs
import msgspec
from hypothesis import given
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.config import ControlConfig, NodeConfig
from lanrage.app.log_config import check_log_file
from lanrage.app.settings_book import SettingsBook
from lanrage.app.settings_start import Start
from lanrage.app.settings_trial import trials_of
from lanrage.core.setting import CONTROL, HIDDEN, NODE
from lanrage.core.settings_order import Given
from lanrage.core.settings_schema import SETTINGS
from lanrage.errors import BadInput
from tests.strategies_settings import changes

SECRET = attrs.evolve(SETTINGS["node.server"], name="node.token", option="token", secret=True)


class BookTests(SynchronousTestCase):
    """A node's, or a control server's."""

    def setUp(self) -> None:
        """A state folder."""
        self.folder = Path(tempfile.mkdtemp(prefix="lanrage-book-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.start = Start.plain(self.folder)
        self.book = SettingsBook(self.start, NodeConfig.parse)

    def test_show(self) -> None:
        """Value, origin, rule, and whether a change takes effect at once."""
        shown = self.book.show("lan.dedup_window")
        self.assertEqual((shown.value, shown.origin, shown.stored, shown.restart), ("5", "default", False, False))
        self.assertEqual((shown.unit, shown.rule), ("seconds", "a number of seconds from 0.05 to 60"))
        self.assertEqual((shown.option, shown.environment), ("--lan-dedup-window", "LANRAGE_LAN_DEDUP_WINDOW"))
        self.book.set({"lan.dedup_window": "2"})
        shown = self.book.show("lan.dedup_window")
        self.assertEqual((shown.value, shown.origin, shown.stored), ("2", "stored", True))

    def test_above(self) -> None:
        """A stored value does not count beside the command line; both are told."""
        start = attrs.evolve(self.start, given=Given({"lan.exposure": "all"}))
        book = SettingsBook(start, NodeConfig.parse)
        told = book.set({"lan.exposure": "games"})
        self.assertEqual([(each.value, each.origin) for each in told.changed], [("all", "command line")])
        shown = book.show("lan.exposure")
        self.assertEqual((shown.value, shown.origin, shown.stored), ("all", "command line", True))

    def test_listing(self) -> None:
        """All that the role reads, and nothing else."""
        listed = self.book.listing()
        self.assertEqual((listed.role, listed.set_name), (NODE, "main"))
        self.assertEqual([each.name for each in listed.settings], [row.name for row in self.start.rows])
        self.assertRaises(BadInput, self.book.show, "control.listen")
        self.assertRaises(BadInput, self.book.set, {"control.listen": "tcp:1"})
        self.assertRaises(BadInput, self.book.reset, "control.listen")

    def test_same_again(self) -> None:
        """What is so already is no change."""
        self.assertEqual(len(self.book.set({"lan.card": "x"}).changed), 1)
        self.assertEqual(self.book.set({"lan.card": "x"}).changed, [])
        self.assertEqual(len(self.book.reset("lan.card").changed), 1)
        self.assertEqual(self.book.reset("").changed, [])

    def test_together(self) -> None:
        """What the next start would refuse is refused now, and can be stored together with what it needs."""
        (self.folder / "token").write_text("0123456789abcdef")
        book = SettingsBook(Start.plain(self.folder, CONTROL), ControlConfig.parse)
        with self.assertRaises(BadInput) as caught:
            book.set({"control.registration": "token"})
        self.assertEqual(caught.exception.field, "registration-token-file")
        self.assertEqual(dict(self.start.file.load().values), {})
        book.set({"control.registration": "token", "control.registration_token_file": str(self.folder / "token")})
        self.assertRaises(BadInput, book.reset, "control.registration")
        (self.folder / "token").unlink()
        book.set({"control.stun_port": "99"})
        self.assertEqual(book.show("control.stun_port").value, "99")

    def test_log_file(self) -> None:
        """A log file that the next start could not write, or should not, is refused when it is set."""
        logs = Path(tempfile.mkdtemp(prefix="lanrage-logs-"))
        self.addCleanup(shutil.rmtree, logs)
        book = SettingsBook(self.start, *trials_of(NODE))
        (logs / "key").write_text("c2VjcmV0", encoding="utf-8")
        refused = {
            str(self.folder / "node.log"): "inside the state folder",
            str(logs): "is a folder",
            "/dev/null": "is a device",
            str(logs / "none" / "node.log"): "its folder .* is not there",
            str(logs / "key"): "is no log",
            "node.log": "no absolute path",
        }
        for text, rule in refused.items():
            with self.assertRaisesRegex(BadInput, rule) as caught:
                book.set({"log.file": text})
            self.assertEqual(caught.exception.field, "log-file")
        self.assertEqual(dict(self.start.file.load().values), {})
        book.set({"log.file": str(logs / "node.log")})
        self.assertEqual(os.listdir(logs), ["key"])
        shutil.rmtree(logs)
        self.assertRaises(BadInput, book.set, {"metrics.listen": "tcp:x"})
        book.set({"lan.card": "x"})
        logs.mkdir()

    def test_log_file_of_another(self) -> None:
        """A folder that this user may not write into is refused, too."""
        if os.geteuid() != 0:
            raise SkipTest("needs root")
        logs = Path(tempfile.mkdtemp(prefix="lanrage-logs-"))
        self.addCleanup(shutil.rmtree, logs)
        logs.chmod(0o755)
        (logs / "node.log").write_bytes(b"")
        os.seteuid(65534)
        try:
            for name in ("other.log", "node.log"):
                with self.assertRaisesRegex(BadInput, "log-file: .* may not be written by this user"):
                    check_log_file({"log-file": str(logs / name)})
        finally:
            os.seteuid(0)

    @given(changes)
    def test_export(self, values: dict[str, str]) -> None:
        """A set that is exported and brought in again is the same set."""
        mine = {name: text for name, text in values.items() if SETTINGS[name] in self.start.rows}
        mine = {name: text for name, text in mine.items() if not SETTINGS[name].secret}
        self.start.file.change(dict.fromkeys(SETTINGS))
        self.book.set(mine)
        toml = self.book.export("").toml
        stored = {each.name: each.value for each in self.book.listing().settings}
        self.book.reset("")
        self.book.bring_in(toml, False)
        again = {each.name: each.value for each in self.book.listing().settings}
        read = {name: SETTINGS[name].rule.parse for name in stored}
        self.assertEqual(*({name: read[name](text, name) for name, text in side.items()} for side in (stored, again)))
        self.assertEqual(self.book.export("main").toml, toml)

    def test_import(self) -> None:
        """All of a file or nothing of it; with ``replace`` what it does not name is reset."""
        self.book.set({"lan.card": "x"})
        with self.assertRaises(BadInput) as caught:
            self.book.bring_in('[lan]\nexposure = "games"\ndedup_window = 99', True)
        self.assertEqual(caught.exception.field, "lan.dedup_window")
        self.assertEqual(dict(self.start.file.load().values), {"lan.card": "x"})
        self.book.bring_in('[lan]\nexposure = "games"', False)
        self.assertEqual(dict(self.start.file.load().values), {"lan.card": "x", "lan.exposure": "games"})
        told = self.book.bring_in("[lan]\ndedup_window = 9", True)
        self.assertEqual([each.name for each in told.changed], ["lan.card", "lan.dedup_window", "lan.exposure"])
        self.assertEqual(dict(self.start.file.load().values), {"lan.dedup_window": "9"})
        self.assertRaises(BadInput, self.book.export, "none")

    def test_sets(self) -> None:
        """Saved, activated, deleted; the active one stays."""
        self.book.set({"lan.card": "x"})
        self.book.save("home")
        self.book.reset("")
        told = self.book.activate("home")
        self.assertEqual([(each.name, each.value, each.restart) for each in told.changed], [("lan.card", "x", True)])
        self.assertRaises(BadInput, self.book.delete, "home")
        self.book.delete("main")
        self.assertEqual([(each.name, each.active, each.values) for each in self.book.sets().sets], [("home", True, 1)])

    def test_secrets(self) -> None:
        """A secret is stored, and in no answer; an import that replaces leaves it be."""
        start = attrs.evolve(self.start, table={**SETTINGS, SECRET.name: SECRET})
        book = SettingsBook(start, lambda options: None)
        answers = [book.set({"node.token": "hunter2:1"}), book.show("node.token"), book.listing(), book.export("")]
        self.assertNotIn("hunter2", msgspec.json.encode(answers).decode())
        self.assertEqual((answers[1].value, answers[3].left_out), (HIDDEN, ["node.token"]))  # type: ignore[attr-defined]
        book.bring_in("", True)
        self.assertEqual(dict(start.file.load().values), {"node.token": "hunter2:1"})
        book.reset("node.token")
        self.assertEqual(dict(start.file.load().values), {})
