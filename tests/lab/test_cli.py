"""The laboratory's commands: bad input is one sentence and an exit status, good input builds and removes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from twisted.trial.unittest import SynchronousTestCase

from lanrage.lab import teardown
from lanrage.lab.cli import lab
from lanrage.lab.folder import Folder
from lanrage.lab.wan import python_env
from tests.lab.bare import own

NAME = own("tcli")


class CliCase(SynchronousTestCase):
    """A folder of its own."""

    def setUp(self) -> None:
        """Make it."""
        folder = tempfile.mkdtemp(prefix="lanrage-lab-")
        self.addCleanup(shutil.rmtree, folder)
        self.base = Path(folder) / "labs"

    def invoke(self, command: str, *args: str) -> Result:
        """Run a command in this process."""
        return CliRunner().invoke(lab, [command, *args, "--dir", str(self.base)])


class InputTests(CliCase):
    """Nothing of this builds anything."""

    def test_mistakes(self) -> None:
        """Each mistake has a sentence that names the field, and no traceback."""
        for word, *args in (
            ("nat: 'moon'", "up", "--nat", "moon"),
            ("nat: lan needs", "up", "--nat", "lan"),
            ("hosts: 0", "up", "--hosts", "0"),
            ("name: 'A b'", "up", "--name", "A b"),
            ("loss: 101.0", "up", "--wan-loss", "101"),
            ("delay-ms: -1.0", "up", "--wan-delay-ms", "-1"),
            ("no laboratory named none", "show", "--name", "none"),
        ):
            outcome = self.invoke(*args)
            self.assertIn(word, outcome.output)
            self.assertIsInstance(outcome.exception, SystemExit)
            self.assertIn(outcome.exit_code, (1, 2))

    def test_json_error(self) -> None:
        """With ``--json`` the error has the agreed shape."""
        outcome = self.invoke("show", "--json", "--name", "none")
        error = json.loads(outcome.output)["error"]
        self.assertEqual((outcome.exit_code, error["code"]), (1, "lab"))

    def test_nothing_to_list(self) -> None:
        """No laboratory of ours is there, and taking one down that is not there is no error."""
        self.assertEqual(self.invoke("down", "--name", "none").exit_code, 0)
        self.assertNotIn("none", json.loads(self.invoke("list", "--json").output))


@pytest.mark.needs("root", "ip", "nft", "tun")
class CommandTests(CliCase):
    """A laboratory without nodes, by its commands."""

    def test_life(self) -> None:
        """Up, show, list, set, exec, down."""
        self.addCleanup(teardown.down, NAME, Folder.of(NAME, self.base))
        name = ("--name", NAME)
        up = self.invoke("up", *name, "--bare", "--json", "--nat", "restricted,lan,open")
        self.assertEqual(up.exit_code, 0, up.output)
        shown = json.loads(self.invoke("show", *name, "--json").output)
        self.assertEqual([host["nat"] for host in shown["hosts"]], ["restricted", "lan", "open"])
        self.assertEqual(json.loads(self.invoke("list", "--json").output).count(NAME), 1)
        self.assertIn("is there already", self.invoke("up", *name, "--bare").output)
        for args, word in (
            (("--between", "1,3", "--block"), ""),
            (("--between", "1,2", "--delay-ms", "5"), "delay-ms"),
            (("--between", "1,9", "--block"), "host: '9'"),
            ((), "needs one of"),
        ):
            self.assertIn(word, self.invoke("set", *name, *args).output)
        self.assertIn("does not run", self.invoke("kill", *name, "h1").output)
        self.assertIn("role: 'h7'", self.invoke("kill", *name, "h7").output)
        argv = [sys.executable, "-m", "lanrage.lab", "exec", *name, "--dir", str(self.base), "2", "--"]
        argv += ["ip", "-br", "-4", "address", "show", "dev", "eth0"]
        done = subprocess.run(argv, env=python_env(), capture_output=True, text=True, timeout=30, check=True)
        self.assertIn("192.168.1.11/24", done.stdout)
        self.assertEqual(self.invoke("down", *name).exit_code, 0)
        self.assertFalse(self.base.exists())
