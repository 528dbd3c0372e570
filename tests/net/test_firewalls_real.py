"""ufw and firewalld themselves, in namespaces of their own: let in, seen by the reader of rules, taken back."""

from __future__ import annotations

import json
import subprocess
import sys
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from twisted.trial.unittest import SynchronousTestCase

from tests.firewall_process import DEVICES

SHUT, OPEN = (dict.fromkeys((*DEVICES, "eth0"), True), {**dict.fromkeys(DEVICES, False), "eth0": True})


class RealTools(SynchronousTestCase):
    """Each firewall."""

    def story(self, kind: str) -> dict[str, Any]:
        """What :mod:`tests.firewall_process` saw."""
        with TemporaryDirectory() as folder:
            words = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
            words += [sys.executable, "-m", "tests.firewall_process", kind, folder]
            done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(0, done.returncode, done.stderr)
        told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return told

    def check(self, kind: str, commands: int) -> dict[str, Any]:
        """What holds for both: nothing is done twice, and the rules say what was asked for."""
        told = self.story(kind)
        self.assertEqual([SHUT, OPEN, SHUT], [told[each] for each in ("before", "allowed", "after")])
        ran = [len(told[each]["firewalls"][0]["commands"]) for each in ("dry", "allow", "again", "remove", "gone")]
        self.assertEqual([commands, commands, 0, commands, 0], ran)
        self.assertEqual(told["dry"]["firewalls"], told["allow"]["firewalls"])
        for each, held in (("none", False), ("both", True)):
            expected = {"firewall": kind, "devices": dict.fromkeys(DEVICES, held)}
            self.assertEqual([expected], told[each]["firewalls"])
        return told

    @pytest.mark.lab
    @pytest.mark.needs("root", "unshare", "ufw")
    def test_ufw(self) -> None:
        """Two rules, with our name beside them."""
        told = self.check("ufw", 2)
        self.assertEqual("ufw allow in on lanrage-wg0 comment LANrage", told["allow"]["firewalls"][0]["commands"][0])

    @pytest.mark.lab
    @pytest.mark.needs("root", "unshare", "firewalld", "dbus-daemon")
    def test_firewalld(self) -> None:
        """The zone that trusts all: each device now, and for good."""
        self.check("firewalld", 4)
