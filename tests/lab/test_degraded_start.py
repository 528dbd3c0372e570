"""Real services that start without what they need: they say it in one sentence, run on, and mend by themselves."""

from __future__ import annotations

import os
import re
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

    def told_once_by_each(self, words: str) -> None:
        """Each part of the process that lacks it warns, and once: the log is not filled while it waits."""
        found = self.warnings(words)
        parts = [line.split(" warning ", 1)[1].split(": /", 1)[0] for line in found]
        self.assertTrue(found)
        self.assertEqual(sorted(set(parts)), sorted(parts))

    def test_read_only_disk(self) -> None:
        """The node answers and says what it waits for, once in the log; it is there soon after the disk is."""
        own = (str(self.state), "node", *self.words, "--server", NOTHING_LISTENS)
        node = self.start("unshare", "-m", sys.executable, "-m", "tests.lab.readonly_node", *own)
        status = self.until(lambda status: True)
        self.assertEqual("starting", status["state"])
        self.assertIn("Read-only file system", status["missing"][0])
        subprocess.run(["nsenter", "-t", str(node.pid), "-m", "mount", "-o", "remount,rw", str(self.state)], check=True)
        self.until(lambda status: status["state"] == "idle" and not status["missing"])
        self.told_once_by_each("Read-only file system")

    def test_known_folder_on_a_read_only_disk(self) -> None:
        """A node that finds its keys runs, and says that no change is kept, for as long as its disk takes none."""
        there = self.start("unshare", "-m", "sleep", "120")
        inside = ("nsenter", "-t", str(there.pid), "-m")
        twistd = str(Path(sys.executable).parent / "twistd")
        node = (*inside, twistd, "-n", "--pidfile=", "lanrage", "node", *self.words)

        def mount(options: str) -> None:
            subprocess.run([*inside, "mount", "-o", options, "-t", "tmpfs", "tmpfs", str(self.state)], check=True)

        def set_exposure(value: str) -> None:
            call(self.run_dir / "node.sock", "settings.set", values={"lan.exposure": value})

        while Path(f"/proc/{there.pid}/comm").read_text(encoding="ascii").strip() != "sleep":
            time.sleep(0.01)  # unshare is not in its namespace yet
        mount("size=8m")
        first = self.start(*node)
        self.until(lambda status: bool(status["state"] == "idle"))
        set_exposure("games")
        self._end(first)
        mount("remount,ro")
        self.start(*node)
        missing = self.until(lambda status: bool(status["state"] == "idle"))["missing"]
        told = [line for line in missing if f"the disk of {self.state / 'lanrage'} is read-only: no change" in line]
        self.assertEqual((1, []), (len(told), [line for line in missing if line not in told and "history" not in line]))
        self.told_once_by_each("is read-only")
        with self.assertRaisesRegex(
            LanrageError, "settings.db cannot be used now: attempt to write a readonly database"
        ):
            set_exposure("all")
        mount("remount,rw")
        self.until(lambda status: not status["missing"])
        set_exposure("all")

    def test_waiting_control_server(self) -> None:
        """A control server's reflector answers while its disk is read-only; it listens soon after the disk is there."""
        port = self.free_port()
        server = ("--listen", f"tcp:{port}:interface=127.0.0.1", "--stun-port", "13479", "--stun-alternate", "none")
        own = (str(self.state), "control", "-d", str(self.state / "lanrage"), *server)
        control = self.start("unshare", "-m", sys.executable, "-m", "tests.lab.readonly_node", *own)
        self.until_said("the control server does not run, and is tried again: .*Read-only file system")
        self.assertIsNone(control.poll())
        subprocess.run(
            ["nsenter", "-t", str(control.pid), "-m", "mount", "-o", "remount,rw", str(self.state)], check=True
        )
        self.until_said("ready: control server listens")
        socket.create_connection(("127.0.0.1", port), 5).close()
        self.told_once_by_each("Read-only file system")
        self.assertEqual(1, len(self.warnings("the control server does not run")))

    def test_reporting_relay(self) -> None:
        """A relay forwards while its disk lets it neither report nor answer; both come soon after the disk is there."""
        state, ports = self.state / "lanrage", ("--ports", "17810-17811", "--public-host", "127.0.0.1")
        words = ("-d", str(state), "--server-key", "ab" * 32, "--control", NOTHING_LISTENS, *ports)
        own = (str(self.state), "relay", *words)
        relay = self.start("unshare", "-m", sys.executable, "-m", "tests.lab.readonly_node", *own)
        self.until_said("the relay listens on UDP 17810 to 17811")
        self.until_said("the relay reporter does not run, and is tried again: .*Read-only file system")
        self.assertEqual(1, len(self.warnings("are not held: the disk of")))
        self.assertIsNone(relay.poll())
        subprocess.run(
            ["nsenter", "-t", str(relay.pid), "-m", "mount", "-o", "remount,rw", str(self.state)], check=True
        )
        self.until_said("this relay reports as ")
        self.until_said("local API listens at")
        self.assertEqual(1, len(self.warnings("the relay reporter does not run")))

    @staticmethod
    def free_port() -> int:
        """A TCP port that nobody uses now."""
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            return int(taken.getsockname()[1])

    def until_said(self, pattern: str) -> None:
        """Until the log has it."""
        deadline = time.monotonic() + PATIENCE
        while not re.search(pattern, self.log.read_text(encoding="utf-8", errors="replace")):
            self.assertLess(time.monotonic(), deadline, self.log.read_text(errors="replace"))
            time.sleep(0.1)

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
            missing = " ".join(self.until(lambda status: "No WireGuard" in "".join(status["missing"]))["missing"])
            self.assertIn("No WireGuard is here", missing)
            self.assertEqual(1, len(self.warnings("this node lacks something: No WireGuard is here")))
            self.assertIn(f"the control server does not run, and is tried again: listen: port {port}", missing)
        where = shutil.which("wireguard-go")
        assert where is not None
        (programs / "wireguard-go").symlink_to(where)
        self.until(lambda status: status["missing"] == [])
        self.assertEqual(1, len(self.warnings(f"listen: port {port}")))
