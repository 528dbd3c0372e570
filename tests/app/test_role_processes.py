"""A control server and a relay as processes of their own, asked by the real command line."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
import tempfile
from pathlib import Path
from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.protocol import ProcessProtocol
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread
from twisted.internet.utils import getProcessOutputAndValue
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase

from tests.app.test_roles import PROGRAM, free_ports
from tests.net.test_metrics_port import request
from tests.wire.test_exposition import read

reactor: Any = _reactor
ROOT = Path(__file__).resolve().parents[2]
KEY = "ab" * 32
PATIENCE = 100.0
"""Seconds for a process to start or to answer, on a busy machine."""
QUESTIONS = ("tasks", "profile stats", "settings set log.level debug", "party show")
PARTS = {
    "control": ["metering", "machine room", "api", "reflector", "control", "control outside"],
    "relay": ["metering", "machine room", "api", "relay"],
}
"""What each is made of, in the order of its start."""
FIGURES = {"control": ("lanrage_control_ready", 1.0), "relay": ("lanrage_relay_bindings_limit", 16384.0)}
"""A metric of each, and its value."""


class Running(ProcessProtocol):
    """A process of twistd's.

    :ivar ready: fires when it says that it is.
    :ivar ended: fires with its whole log when it has ended.
    """

    def __init__(self) -> None:
        self.ready: Deferred[None] = Deferred()
        self.ended: Deferred[str] = Deferred()
        self._log = b""

    def outReceived(self, data: bytes) -> None:
        """Twisted: it says something."""
        self._log += data
        if b"ready: " in self._log and not self.ready.called:
            self.ready.callback(None)

    errReceived = outReceived

    def processEnded(self, reason: Failure) -> None:
        """Twisted: it has ended."""
        if not self.ready.called:
            self.ready.errback(AssertionError(self._log.decode()))
        self.ended.callback(self._log.decode())

    async def stop(self) -> str:
        """Let it end as a service does; all that it said."""
        if not self.ended.called:
            self.transport.signalProcess("TERM")  # type: ignore[union-attr]
        return await self.ended.addTimeout(PATIENCE, reactor)


def scrape(path: str) -> bytes:
    """What Prometheus gets at a UNIX socket."""
    with socket.socket(socket.AF_UNIX) as asking:
        asking.settimeout(PATIENCE)
        asking.connect(path)
        asking.sendall(request())
        return b"".join(iter(lambda: asking.recv(65536), b""))


class ProcessTests(TestCase):
    """Both alone, from their start to their end."""

    timeout = 120

    def setUp(self) -> None:
        """The folder, and ports."""
        self.folder = Path(tempfile.mkdtemp(prefix="lanrage-alone-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        stun, port = free_ports(2)
        self.options = {
            "control": f"--listen tcp:0:interface=127.0.0.1 --stun-port {stun} --stun-alternate none",
            "relay": f"--server-key {KEY} --ports {port}-{port} --host 127.0.0.1 --mode userspace --drain 0",
        }

    def start(self, role: str) -> Running:
        """Start a role."""
        running = Running()
        common = f"--state-dir {self.folder}/{role} --metrics-listen unix:{self.folder}/{role}.metrics"
        words = [*PROGRAM, "lanrage", role, *self.options[role].split(), *common.split()]
        reactor.spawnProcess(running, sys.executable, words, env=self.environment, path=str(ROOT))
        self.addCleanup(running.stop)
        return running

    async def measured(self, role: str) -> None:
        """Prometheus is told the role's own figure: it has been measured since it was ready."""
        name, value = FIGURES[role]
        found: dict[Any, float] = {}
        while (name, ()) not in found:
            page = await deferToThread(scrape, f"{self.folder}/{role}.metrics")
            found = read(page.partition(b"\r\n\r\n")[2])
            await deferLater(reactor, 0.05, lambda: None)
        self.assertEqual(found[name, ()], value)

    async def commands(self, *commands: tuple[str, ...]) -> list[Any]:
        """What each of them prints as JSON."""
        words = ["-m", "tests.cli_batch", json.dumps([[*words, "--json"] for words in commands])]
        out, err, _ = await getProcessOutputAndValue(
            sys.executable, words, self.environment, str(ROOT), reactor=reactor
        )
        self.assertEqual(err, b"")
        results = json.loads(out)
        self.assertEqual([told for _, _, told in results], [""] * len(commands))
        return [json.loads(shown) for _, shown, _ in results]

    def check(self, role: str, answers: list[Any]) -> None:
        """What an operator hears of one of them."""
        tasks, stats, metrics, changed, refused = answers
        [plan] = tasks["plans"]
        self.assertEqual((plan["title"], plan["state"]), ("start", "done"))
        self.assertEqual([task["name"] for task in plan["tasks"]], PARTS[role])
        self.assertIn("config.load", [timed["operation"] for timed in stats["timed"]])
        [series] = metrics["series"]
        self.assertEqual((series["name"], series["value"]), FIGURES[role])
        self.assertEqual([(each["name"], each["restart"]) for each in changed["changed"]], [("log.level", False)])
        told = f"this process runs {role} only; party.show is done by a node"
        self.assertEqual(refused["error"], {"code": "other_role", "message": told})

    async def test_both(self) -> None:
        """Each answers for itself; what is set counts at once; ``/metrics`` is there as well; nothing is left."""
        running = {role: self.start(role) for role in PARTS}
        await gatherResults([each.ready.addTimeout(PATIENCE, reactor) for each in running.values()])
        for role in PARTS:
            await self.measured(role)
        asked = [
            ("--state-dir", f"{self.folder}/{role}", *words.split())
            for role in PARTS
            for words in (*QUESTIONS[:2], f"metrics {FIGURES[role][0]}", *QUESTIONS[2:])
        ]
        answers = await self.commands(*asked)
        for role in PARTS:
            self.check(role, [answers.pop(0) for _ in range(5)])
        logs = await gatherResults([Deferred.fromCoroutine(each.stop()) for each in running.values()])
        for log in logs:
            self.assertIn("operation settings.set ended", log)  # a line of DEBUG
            self.assertIn("Server Shut Down", log)
        self.assertEqual([path for path in self.folder.rglob("*") if path.is_socket()], [])
