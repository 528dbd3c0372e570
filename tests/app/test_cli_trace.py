"""``lanrage trace`` on real files."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

from click.testing import CliRunner, Result
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.cli import main
from lanrage.store.log_files import PIECE
from tests.core.test_trace import line


class TraceTests(SynchronousTestCase):
    """Files, folders, standard input, and what is none of them."""

    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="lanrage-trace-"))
        self.addCleanup(shutil.rmtree, self.folder)
        (self.folder / "relay.log").write_bytes(line(2, "join-1", "relay", message="bound") + b"not JSON\n")
        (self.folder / "node.log.1").write_bytes(line(1, "join-1", message="asked") + line(1, "join-2", message="no"))
        (self.folder / "node.key").write_bytes(line(1, "join-1", message="is no log"))

    def run_command(self, *words: str, stdin: bytes = b"") -> Result:
        """The command's end."""
        return CliRunner().invoke(main, ["trace", *words], input=stdin)

    def test_folder(self) -> None:
        """All log files in it, the turned ones as well, in order; other files are left alone."""
        done = self.run_command("join-1", str(self.folder))
        self.assertEqual(0, done.exit_code, done.output)
        self.assertLess(done.output.index("asked"), done.output.index("bound"))
        for text in ("2 lines of 2 processes", "own clock", "1 of 4 lines are none of a JSON log"):
            self.assertIn(text, done.output)
        self.assertNotIn("is no log", done.output)

    def test_json_and_stdin(self) -> None:
        """Machines get the same; ``-`` and no file at all are standard input; a file named twice is read once."""
        file = str(self.folder / "relay.log")
        done = self.run_command("join-1", file, file, "-", "--json", stdin=line(1, "join-1", "control"))
        told = json.loads(done.output)
        self.assertEqual(["control", "relay"], [each["role"] for each in told["lines"]])
        self.assertEqual((3, 1, 0), (told["lines_read"], told["lines_bad"], told["lines_left_out"]))
        self.assertEqual(0, self.run_command("join-1", stdin=line(1, "join-1")).exit_code)

    def test_without_libraries(self) -> None:
        """What no part of ours wrote is left out where that is wanted, of whatever level, and counted."""
        (self.folder / "lib.log").write_bytes(
            line(3, "join-1", message="Starting factory", subsystem="library")
            + line(4, "join-1", message="Unhandled error", subsystem="library", level="error")
            + line(5, "join-1", message="admitted", subsystem="party")
        )
        whole, ours = (self.run_command("join-1", str(self.folder), *more) for more in ((), ("--without-libraries",)))
        self.assertIn("Starting factory", whole.output)
        for text in ("asked", "bound", "admitted", "2 lines of libraries are not shown."):
            self.assertIn(text, ours.output)
        for text in ("Starting factory", "Unhandled error"):
            self.assertNotIn(text, ours.output)
        told = json.loads(self.run_command("join-1", str(self.folder), "--without-libraries", "--json").output)
        self.assertEqual((3, 2), (len(told["lines"]), told["lines_of_libraries"]))
        only = self.run_command("join-1", str(self.folder / "node.log.1"), "--without-libraries")
        self.assertNotIn("libraries", only.output)

    def test_a_log_without_line_ends(self) -> None:
        """It is read in pieces, each of which is no line."""
        (self.folder / "big.log").write_bytes(b"x" * (3 * PIECE))
        done = self.run_command("join-1", str(self.folder / "big.log"), "--json")
        self.assertEqual((1, 3), (done.exit_code, json.loads(done.output)["lines_bad"]))

    def test_refusals(self) -> None:
        """Nothing found is exit status 1; errors name what they are about."""
        none = self.run_command("join-9", str(self.folder))
        self.assertEqual((1, True), (none.exit_code, "No line of join-9 among 4" in none.output))
        empty = self.folder / "empty"
        empty.mkdir()
        for words, told in (
            (("join 1", str(self.folder)), "id: must be"),
            (("join-1", str(self.folder / "gone.log")), "gone.log cannot be read"),
            (("join-1", str(empty)), "has no log files"),
        ):
            refused = self.run_command(*words)
            self.assertEqual((1, True), (refused.exit_code, told in refused.output), refused.output)
