"""The tools of firewalls: which are active, what they are asked and told; with programs of the test's own."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from click.testing import CliRunner
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.cli_firewall import change, firewall, standing
from lanrage.core.firewall_commands import Firewall, is_so, steps
from lanrage.errors import BadInput, LanrageError, MissingRight
from lanrage.net.firewalls import Tools

DEVICES = ("wg", "card")

PROGRAM = """#!/bin/sh
echo "${{0##*/}} $*" >> {log}
case "$*" in
    --state) exit {state} ;;
    *--query-interface=*) grep -qx -e "$*" {held} ;;
    "show added") cat {held} ;;
    *wrong*) echo "Error: no such device" >&2; exit 3 ;;
esac
"""


class ToolCase(SynchronousTestCase):
    """A folder with programs that note how they were called."""

    def setUp(self) -> None:
        """Make it."""
        folder = TemporaryDirectory()  # pylint: disable=consider-using-with
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.log, self.held = self.root / "log", self.root / "held"
        for path in (self.log, self.held):
            path.touch()
        (self.root / "etc/ufw").mkdir(parents=True)
        for name in ("cat", "grep"):
            (self.root / name).symlink_to(shutil.which(name) or name)

    def tools(self, *programs: str, running: bool = True) -> Tools:
        """The tools where these programs are there."""
        for name in programs:
            path = self.root / name
            path.write_text(PROGRAM.format(log=self.log, held=self.held, state=0 if running else 252), "ascii")
            path.chmod(0o755)
        (self.root / "etc/ufw/ufw.conf").write_text(f"# ufw\nENABLED={'yes' if running else 'no'}\n", "ascii")
        return Tools(str(self.root), self.root)

    def asked(self) -> list[str]:
        """How the programs were called since the last time."""
        lines = self.log.read_text("ascii").splitlines()
        self.log.write_text("", "ascii")
        return lines


class ToolTests(ToolCase):
    """:class:`Tools`."""

    def test_active(self) -> None:
        """A firewall that is not installed, or not running, is none."""
        self.assertEqual([], Tools(str(self.root), self.root).active())
        self.assertEqual([], self.tools("firewall-cmd", "ufw", running=False).active())
        self.assertEqual([Firewall.FIREWALLD, Firewall.UFW], self.tools("firewall-cmd", "ufw").active())

    def test_failure(self) -> None:
        """What the tool said is the error; so is a tool that went away."""
        tools = self.tools("ufw")
        with self.assertRaisesRegex(LanrageError, "ufw wrong: Error: no such device"):
            tools.run(("ufw", "wrong"))
        with self.assertRaisesRegex(LanrageError, "firewall-cmd is not here"):
            tools.run(("firewall-cmd", "--state"))

    def test_allow_ufw(self) -> None:
        """What is so already is not done again."""
        tools = self.tools("ufw")
        self.held.write_text(
            "Added user rules:\nufw allow in on wg comment 'LANrage'\nufw allow in on card2\n", "ascii"
        )
        result = change(tools, "allow", DEVICES, dry_run=False, root=True)
        expected = [{"firewall": "ufw", "commands": ["ufw allow in on card comment LANrage"]}]
        self.assertEqual({"ran": True, "firewalls": expected}, result)
        self.assertEqual(["ufw show added", "ufw show added", "ufw allow in on card comment LANrage"], self.asked())
        result = change(tools, "remove", DEVICES, dry_run=False, root=True)
        self.assertEqual(["ufw delete allow in on wg"], result["firewalls"][0]["commands"])
        self.assertEqual({"wg": True, "card": False}, standing(tools, DEVICES, True)["firewalls"][0]["devices"])

    def test_allow_firewalld(self) -> None:
        """Now and for good; a device that is let in only until the next start is not let in."""
        tools = self.tools("firewall-cmd")
        self.held.write_text("--zone=trusted --query-interface=wg\n", "ascii")
        devices = standing(tools, ("wg",), True)["firewalls"][0]["devices"]
        self.assertEqual({"wg": False}, devices)
        result = change(tools, "allow", ("wg",), dry_run=True, root=True)
        commands = ["firewall-cmd --permanent --zone=trusted --change-interface=wg"]
        self.assertEqual({"ran": False, "firewalls": [{"firewall": "firewalld", "commands": commands}]}, result)
        self.assertFalse([line for line in self.asked() if "change" in line])

    def test_without_root(self) -> None:
        """What would be run is told to anybody; run it may root, and nobody else is asked for a word of it."""
        tools = self.tools("ufw")
        with self.assertRaisesRegex(MissingRight, "sudo lanrage firewall allow"):
            change(tools, "allow", DEVICES, dry_run=False, root=False)
        result = change(tools, "remove", DEVICES, dry_run=True, root=False)
        self.assertEqual(2, len(result["firewalls"][0]["commands"]))
        self.assertEqual({"wg": None, "card": None}, standing(tools, DEVICES, False)["firewalls"][0]["devices"])
        self.assertEqual([], self.asked())
        nothing = change(Tools(str(self.root / "none"), self.root), "allow", DEVICES, dry_run=False, root=False)
        self.assertEqual([], nothing["firewalls"])

    def test_names(self) -> None:
        """Devices' names are checked before they become words of a command."""
        for each in Firewall:
            with self.assertRaises(BadInput):
                steps(each, ["--help me"])

    def test_answers(self) -> None:
        """Of ufw the whole line counts, of firewalld the status."""
        ufw, firewalld = steps(Firewall.UFW, ["wg"])[0], steps(Firewall.FIREWALLD, ["wg"])[0]
        self.assertTrue(is_so(ufw, 0, "ufw allow in on wg\n"))
        self.assertFalse(is_so(ufw, 0, "ufw allow in on wg0\n"))
        self.assertEqual([True, False], [is_so(firewalld, status, "") for status in (0, 1)])


class CommandTests(ToolCase):
    """``lanrage firewall``."""

    def call(self, *words: str) -> Any:
        """Its output."""
        environment = {"PATH": f"{self.root}:/usr/bin:/bin"}
        done = CliRunner().invoke(firewall, words, env=environment)
        self.assertEqual(0, done.exit_code, done.output)
        return done.output

    def test_firewalld(self) -> None:
        """A dry run names the commands; the status names the devices."""
        self.tools("firewall-cmd")
        shown = self.call("allow", "--dry-run", "--device", "wg")
        self.assertIn("firewalld: would run\n  firewall-cmd --zone=trusted --change-interface=wg\n", shown)
        told = json.loads(self.call("remove", "--dry-run", "--json"))
        self.assertIn("firewalld", [row["firewall"] for row in told["firewalls"]])
        self.assertIn("firewalld: wg", self.call("status", "--device", "wg"))
