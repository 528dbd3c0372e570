"""The profiler in a real node, by the real commands: it finds what was planted into the process."""

from __future__ import annotations

import json
import os
import pstats
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
from twisted.trial.unittest import SynchronousTestCase

from lanrage.lab.node_call import listening
from tests.speedscope_schema import check

ROOT = Path(__file__).resolve().parents[2]
READY_S, STOP_S = 30.0, 20.0

NODE = """
import sys
from twisted.internet import reactor
from tests.planted import load, planted_block

def plant():
    load(reactor)
    reactor.callLater(11.0, planted_block, 0.6)

reactor.callWhenRunning(plant)
from twisted.scripts.twistd import run
sys.argv = ["twistd", "--nodaemon", "--pidfile=", "lanrage", "node", *sys.argv[1:]]
run()
"""
"""A node as ``twistd`` runs it, with work that is none of its own."""


@pytest.mark.lab
class RealNodeTests(SynchronousTestCase):
    """A process, a socket, the command."""

    def setUp(self) -> None:
        """A node without a party, under load."""
        self.folder = Path(tempfile.mkdtemp(prefix="lanrage-profile-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.socket = self.folder / "run" / "node.sock"
        self.environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        options = ["--state-dir", str(self.folder / "state"), "--run-dir", str(self.folder / "run")]
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(  # pylint: disable=consider-using-with  # it lives as long as the test
                [sys.executable, "-c", NODE, *options], env=self.environment, cwd=ROOT, stdout=log, stderr=log
            )
        self.addCleanup(self.end)
        deadline = time.monotonic() + READY_S
        while not listening(self.socket):
            self.assertIsNone(self.process.poll(), self.log())
            self.assertLess(time.monotonic(), deadline, self.log())
            time.sleep(0.05)

    def end(self) -> None:
        """The node stops as a service does."""
        self.process.terminate()
        try:
            self.process.wait(STOP_S)
        finally:
            self.process.kill()
            self.process.wait()

    def log(self) -> str:
        """What the node said."""
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    def command(self, *words: str) -> Any:
        """What a command prints as JSON."""
        done = subprocess.run(
            [sys.executable, "-m", "lanrage", "--socket", str(self.socket), "profile", *words, "--json"],
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return json.loads(done.stdout)

    def test_the_planted_hotspot(self) -> None:
        """Both ways name it first; the files hold it; the watch named what blocked; the node ends in time."""
        self.assertTrue(self.command("on", "--minutes", "1")["on"])
        time.sleep(1.5)
        shown = self.command("hotspots")
        self.assertEqual(shown["hotspots"][0]["function"], "planted_hotspot", shown)
        path = self.folder / "party.speedscope.json"
        self.assertFalse(self.command("off", "--output", str(path))["on"])
        self.assertIn("planted_hotspot", {frame.name for frame in check(path.read_bytes()).shared.frames})
        self.command("on", "--deterministic")
        time.sleep(2.0)
        path = self.folder / "party.prof"
        self.command("off", "--output", str(path))
        shown = self.command("hotspots")
        self.assertEqual((shown["mode"], shown["hotspots"][0]["function"]), ("deterministic", "planted_hotspot"))
        stats = pstats.Stats(str(path)).stats  # type: ignore[attr-defined]
        self.assertIn("planted_hotspot", {name for _, _, name in stats})
        deadline = time.monotonic() + READY_S
        while "planted_block" not in self.log() and time.monotonic() < deadline:
            time.sleep(0.1)
        stalls = self.command("slow")["stalls"]
        self.assertTrue(any("planted_block" in stall["function"] and stall["ms"] > 400 for stall in stalls), stalls)
        self.assertIn("planted_block", self.log())
        self.assertGreater(self.command("system")["stalls"], 0)
        timed = {each["operation"] for each in self.command("stats")["timed"]}
        self.assertLessEqual({"config.load", "profiler.on", "profiler.hotspots"}, timed)

    def test_stopped_while_it_is_on(self) -> None:
        """A node that is profiled stops like any other."""
        for words in ((), ("--deterministic",)):
            self.command("on", *words)
            time.sleep(0.3)
            if not words:
                self.command("off")
        self.process.terminate()
        self.assertEqual(self.process.wait(STOP_S), -signal.SIGTERM, self.log())
