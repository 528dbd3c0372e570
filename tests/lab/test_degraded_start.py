"""Real services that start without what they need: they say it in one sentence, run on, and mend by themselves."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from twisted.trial.unittest import SynchronousTestCase

from lanrage.errors import LanrageError
from lanrage.lab.node_call import call

pytestmark = [pytest.mark.lab, pytest.mark.needs("root", "unshare", "nsenter", "mount", "wireguard-go")]

PATIENCE = 40.0
"""Seconds; a folder is tried again after 2 s, 4 s and so on."""
NOTHING_LISTENS = "127.0.0.1:9"


class DegradedTests(SynchronousTestCase):
    """One process each."""

    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="lanrage-degraded-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.state, self.run_dir = self.folder / "state", self.folder / "run"
        self.state.mkdir()
        self.log = self.folder / "log"
        devices = ("--tunnel-device", "lrdeg0", "--card", "lrdeg1", "--wireguard-port", "0")
        self.words = ("-d", str(self.state / "lanrage"), "--run-dir", str(self.run_dir), *devices)

    def start(self, *argv: str, path: str | None = None) -> subprocess.Popen[bytes]:
        """A program whose output is its log; it has ended after the test."""
        environment = dict(os.environ) | ({"PATH": path} if path is not None else {})
        with self.log.open("wb") as log:
            started = subprocess.Popen(argv, stdout=log, stderr=subprocess.STDOUT, env=environment)  # pylint: disable=R1732
        self.addCleanup(self._end, started)
        return started

    @staticmethod
    def _end(started: subprocess.Popen[bytes]) -> None:
        started.terminate()
        try:
            started.wait(20)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait(5)

    def status(self) -> dict[str, Any]:
        """What the node says; empty while nobody answers."""
        try:
            return dict(call(self.run_dir / "node.sock", "status").result)
        except (LanrageError, OSError):
            return {}

    def until(self, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first status for which it holds."""
        deadline = time.monotonic() + PATIENCE
        while not ((status := self.status()) and condition(status)):
            self.assertLess(time.monotonic(), deadline, self.log.read_text(errors="replace"))
            time.sleep(0.1)
        return status

    def warnings(self, words: str) -> list[str]:
        """Lines of the log at WARNING or above with these words."""
        lines = self.log.read_text(encoding="utf-8").splitlines()
        return [line for line in lines if words in line and (" warning " in line or " error " in line)]

    def test_read_only_disk(self) -> None:
        """The node answers and says what it waits for, once in the log; it is there soon after the disk is."""
        own = (str(self.state), "node", *self.words, "--server", NOTHING_LISTENS)
        node = self.start("unshare", "-m", sys.executable, "-m", "tests.lab.readonly_node", *own)
        status = self.until(lambda status: True)
        self.assertEqual("starting", status["state"])
        self.assertIn("Read-only file system", status["missing"][0])
        subprocess.run(["nsenter", "-t", str(node.pid), "-m", "mount", "-o", "remount,rw", str(self.state)], check=True)
        self.assertEqual([], self.until(lambda status: bool(status["state"] == "idle"))["missing"])
        self.assertEqual(1, len(self.warnings("Read-only file system")))

    def test_without_wireguard_and_port(self) -> None:
        """The player's node runs without the server beside it and without WireGuard; both are used as they come."""
        programs = self.folder / "bin"
        programs.mkdir()
        with socket.socket() as taken:
            taken.bind(("0.0.0.0", 0))
            taken.listen()
            port = taken.getsockname()[1]
            twistd = str(Path(sys.executable).parent / "twistd")
            server = ("--listen", f"tcp:{port}", "--stun-port", "13478", "--ports", "17800-17803")
            words = ("lanrage", "all", *self.words, *server, "--wireguard", "userspace")
            self.start(twistd, "-n", "--pidfile=", *words, path=str(programs))
            missing = " ".join(self.until(lambda status: len(status["missing"]) == 2)["missing"])
            self.assertIn("No WireGuard is here", missing)
            self.assertIn(f"the control server does not run, and is tried again: listen: port {port}", missing)
        where = shutil.which("wireguard-go")
        assert where is not None
        (programs / "wireguard-go").symlink_to(where)
        self.until(lambda status: status["missing"] == [])
        self.assertEqual(1, len(self.warnings(f"listen: port {port}")))
