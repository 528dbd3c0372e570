"""How a role comes to its settings when it starts."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from twisted.internet.task import Clock
from twisted.logger import capturedLogs
from twisted.python import usage
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app import roles
from lanrage.app.config import NodeConfig
from lanrage.app.service import Options
from lanrage.core.exposure import Exposure
from lanrage.core.setting import NODE, Origin
from lanrage.store.settings import SettingsFile


class StartTests(SynchronousTestCase):
    """``twistd lanrage node``."""

    def setUp(self) -> None:
        """A state folder."""
        self.folder = Path(tempfile.mkdtemp(prefix="lanrage-start-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.file = SettingsFile(self.folder)

    def environment(self, name: str, text: str) -> None:
        """Set a variable for this test."""
        self.assertNotIn(name, os.environ)
        os.environ[name] = text
        self.addCleanup(os.environ.pop, name, None)

    def start(self, *words: str) -> Options:
        """The parsed options."""
        options = Options()
        options.parseOptions([NODE, "--state-dir", str(self.folder), *words])
        return options

    def exposure(self, *words: str) -> tuple[Exposure, Origin]:
        """What it is, and why."""
        options = self.start(*words)
        config, start = options["config"], options["settings"]
        assert isinstance(config, NodeConfig)
        row = start.table["lan.exposure"]
        return config.devices.lan.exposure, start.given.value(row, NODE, self.file.load().values).origin

    def test_order(self) -> None:
        """Command line before environment before stored before default, also where the text is the default's."""
        self.assertEqual(self.exposure(), (Exposure.GUARDED, Origin.DEFAULT))
        self.file.change({"lan.exposure": "all"})
        self.assertEqual(self.exposure(), (Exposure.ALL, Origin.STORED))
        self.environment("LANRAGE_LAN_EXPOSURE", "games")
        self.assertEqual(self.exposure(), (Exposure.GAMES, Origin.ENVIRONMENT))
        self.assertEqual(self.exposure("--lan-exposure", "guarded"), (Exposure.GUARDED, Origin.COMMAND_LINE))
        self.assertEqual(self.exposure("--lan-exposure=all"), (Exposure.ALL, Origin.COMMAND_LINE))

    def test_sets(self) -> None:
        """The active set counts, and no other."""
        self.file.change({"lan.exposure": "all"})
        self.file.save("open")
        self.file.change({"lan.exposure": None})
        self.assertEqual(self.exposure()[0], Exposure.GUARDED)
        self.file.activate("open")
        self.assertEqual(self.exposure()[0], Exposure.ALL)

    def test_wrong(self) -> None:
        """The environment's error names the variable; nothing starts."""
        self.environment("LANRAGE_LINKS_PORT", "66000")
        error = self.assertRaises(usage.UsageError, self._parse)
        self.assertEqual(str(error), "LANRAGE_LINKS_PORT: '66000' is not a port from 0 to 65535")

    def _parse(self) -> None:
        options = Options()
        usage.Options.parseOptions(options, [NODE, "--state-dir", str(self.folder)])

    def test_damaged(self) -> None:
        """The defaults count, and there is a word for the log."""
        self.file.change({"lan.exposure": "all"})
        self.file.path.write_bytes(b"not what it was" * 100)
        options = self.start()
        self.assertEqual(options["config"].devices.lan.exposure, Exposure.GUARDED)
        (word,) = options["settings"].words
        self.assertIn("settings.db is damaged", word)
        self.assertIn("no stored setting counts", word)

    def test_unsound(self) -> None:
        """A stored value that breaks its rule is left out with a word; the others count."""
        self.file.change({"lan.exposure": "some", "lan.card": "lan7"})
        options = self.start()
        self.assertEqual(options["config"].devices.lan.exposure, Exposure.GUARDED)
        self.assertEqual(options["config"].devices.card, "lan7")
        words = "the stored setting lan.exposure: 'some' is none of guarded, games, all; the default counts"
        self.assertEqual(options["settings"].words, (words,))

    def test_misspelt(self) -> None:
        """A variable that sets nothing has a word with its name and the nearest, not its value; others have none."""
        self.environment("LANRAGE_LAN_EXPOSRE", "all")
        self.environment("LANRAGE_CONTROL_LISTEN", "tcp:1")
        options = self.start()
        self.assertEqual(options["config"].devices.lan.exposure, Exposure.GUARDED)
        told = "the environment variable 'LANRAGE_LAN_EXPOSRE' sets nothing: there is no such setting; "
        self.assertEqual(options["settings"].words, (f"{told}LANRAGE_LAN_EXPOSURE is meant, perhaps",))
        with capturedLogs() as events:
            roles.make(Clock(), options["config"], options["metering"], options["settings"])
        self.assertEqual([event["word"] for event in events if "word" in event], list(options["settings"].words))

    def test_not_to_be_read(self) -> None:
        """A file that cannot be read is not silently left out: nothing starts."""
        self.file.path.mkdir()
        error = self.assertRaises(usage.UsageError, self._parse)
        self.assertIn("settings.db cannot be used now", str(error))
