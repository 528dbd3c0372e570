"""``lanrage profile``."""

from __future__ import annotations

import json

from tests.app.test_cli import CommandCase
from tests.fakes_profile import FILE
from tests.new_file import new_file


class ProfileTests(CommandCase):
    """With a node in memory."""

    def test_on(self) -> None:
        """It says how long it stays on; the options reach the node."""
        self.assertIn("on (sampling); it goes off in 5.0 minutes", self.done("profile", "on"))
        self.done("profile", "on", "--deterministic", "--hertz", "200", "--minutes", "0.5")
        self.assertEqual(
            self.node.calls, [("profile_on", "sampling", 100, 10.0), ("profile_on", "deterministic", 200, 0.5)]
        )
        for wrong in (("--hertz", "0"), ("--hertz", "501"), ("--minutes", "0"), ("--minutes", "121")):
            self.assertEqual(self.run_command("profile", "on", *wrong).exit_code, 2)

    def test_reset(self) -> None:
        """It stays on or off."""
        self.assertIn("off; it has looked for 12.5 s", self.done("profile", "reset"))
        self.assertEqual(json.loads(self.done("profile", "reset", "--json"))["on"], False)

    def test_stats(self) -> None:
        """What it costs, and the timed operations with their figures."""
        out = self.done("profile", "stats")
        for words in ("20.5 % of the reactor's time", "0.12 % of one processor", "state.flush", "100.0 ms", "4.500 ms"):
            self.assertIn(words, out)
        self.assertEqual(json.loads(self.done("profile", "stats", "--json"))["timed"][0]["calls"], 12)

    def test_hotspots(self) -> None:
        """Functions with where they are defined; of the reactor's thread unless others are asked for."""
        out = self.done("profile", "hotspots", "--limit", "3")
        for words in ("60.0 %", "300.0 ms", "420.0 ms", "encode", "lanrage/wire/frames.py:40"):
            self.assertIn(words, out)
        self.done("profile", "hotspots", "--threads", "others")
        self.assertEqual(self.node.calls, [("profile_hotspots", 3, "reactor"), ("profile_hotspots", 20, "others")])

    def test_slow(self) -> None:
        """The slowest calls with their context, and the stalls."""
        out = self.done("profile", "slow")
        for words in ("4200.0 ms", "peer.connect", "peer_id=ben", "stood still", "lanrage/store/files.py:12 write"):
            self.assertIn(words, out)

    def test_system(self) -> None:
        """Memory, processor, threads, files, garbage, reactor, stalls."""
        out = self.done("profile", "system")
        for words in ("64.0 MiB", "3.5 % now", "MainThread", "24", "30, 3, 1", "0.250 ms, 9 timers", "0.90 s together"):
            self.assertIn(words, out)

    def test_nothing_seen(self) -> None:
        """Where nothing was profiled or timed, a sentence says so."""
        self.node.fresh = True
        self.assertIn("off and has seen nothing", self.done("profile", "reset"))
        self.assertIn("No timed operation was called", self.done("profile", "stats"))
        self.assertIn("lanrage profile on begins", self.done("profile", "hotspots"))
        self.assertIn("No timed operation was called", self.done("profile", "slow"))
        self.node.fresh = False
        self.assertEqual(json.loads(self.done("profile", "off", "--json"))["on"], False)

    def test_off(self) -> None:
        """It ends; with a file, what was seen is written there."""
        self.done("profile", "off")
        self.assertEqual(self.node.calls, [("profile_off",)])
        path = new_file(self)
        out = self.done("profile", "off", "--output", str(path))
        self.assertEqual(path.read_bytes(), FILE)
        self.assertIn("speedscope", out)
        self.assertEqual(self.node.calls[1:], [("profile_save", True)])  # in one call: a command has no more
        self.assertEqual(json.loads(self.done("profile", "off", "--json", "--output", str(path)))["on"], False)

    def test_save(self) -> None:
        """The file is written by the command itself; what opens it is said by its kind."""
        path = new_file(self)
        self.node.kind = "pstats"
        self.assertIn(f"snakeviz {path}", self.done("profile", "save", "--output", str(path)))
        self.assertEqual(path.read_bytes(), FILE)
        told = json.loads(self.done("profile", "save", "--json", "--output", str(path)))
        self.assertEqual((told["format"], told["path"], told["bytes"]), ("pstats", str(path), len(FILE)))
        self.assertEqual(self.node.calls, [("profile_save", False), ("profile_save", False)])

    def test_a_file_that_cannot_be_written(self) -> None:
        """It is one sentence that names the option and the file."""
        result = self.run_command("profile", "save", "--output", "/nowhere/at/all.json")
        self.assertEqual(result.exit_code, 1)
        self.assertIn("--output: /nowhere/at/all.json cannot be written: No such file", result.output)
        self.assertEqual(self.run_command("profile", "save").exit_code, 2)
