"""The program ``lanrage`` as a user runs it: a process of its own, speaking to a node over a real socket."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

from twisted.internet import reactor as installed_reactor
from twisted.internet.defer import Deferred
from twisted.internet.protocol import ProcessProtocol
from twisted.internet.utils import getProcessOutputAndValue
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase

from lanrage.app.api import ApiService
from tests.fakes_node import CODE, FakeNode

reactor: Any = installed_reactor
ROOT = Path(__file__).resolve().parents[2]


class Running(ProcessProtocol):
    """A command that runs until it is interrupted."""

    def __init__(self) -> None:
        self.ended: Deferred[tuple[int | None, bytes]] = Deferred()
        self.said = b""

    def errReceived(self, data: bytes) -> None:
        """Twisted: at the first words, as Ctrl-C."""
        if not self.said:
            self.transport.signalProcess(signal.SIGINT)  # type: ignore[union-attr]
        self.said += data

    def processEnded(self, reason: Failure) -> None:
        """Twisted: how it ended."""
        self.ended.callback((getattr(reason.value, "exitCode", None), self.said))


class ProcessTests(TestCase):
    """The program as a user runs it, over a real socket."""

    def setUp(self) -> None:
        """A node behind a socket."""
        self.folder = Path(tempfile.mkdtemp(prefix="lanrage-cli-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.node = FakeNode()
        self.path = self.folder / "node.sock"
        service = ApiService(reactor, self.path, self.node)
        service.startService()
        self.addCleanup(service.stopService)
        self.environment = {**os.environ, "LANRAGE_SOCKET": str(self.path), "PYTHONPATH": str(ROOT)}

    async def lanrage(self, *words: str) -> tuple[int, str, str]:
        """Exit status, stdout, stderr."""
        arguments = ["-m", "lanrage", *words]
        out, err, status = await getProcessOutputAndValue(sys.executable, arguments, self.environment, reactor=reactor)
        self.assertNotIn(b"Traceback", err)
        return status, out.decode(), err.decode()

    async def test_a_party_s_life(self) -> None:
        """Create, show, status, leave; exit status 0 each."""
        status, out, err = await self.lanrage("party", "create", "Friday", "--server", "a.org", "--as", "Ann", "--json")
        self.assertEqual((status, err, json.loads(out)["code"]), (0, "", CODE))
        status, out, err = await self.lanrage("party", "show")
        self.assertEqual((status, err, "Ann (you)" in out), (0, "", True))
        status, out, err = await self.lanrage("party", "leave")
        self.assertEqual((status, err), (0, ""))
        status, out, err = await self.lanrage("party", "show", "--json")
        wanted = {"error": {"code": "not_in_party", "message": "this node is in no party"}}
        self.assertEqual((status, err, json.loads(out)), (1, "", wanted))

    async def test_a_bug_in_the_node_is_no_traceback_here(self) -> None:
        """The user is sent to the node's log."""
        self.node.failures["status"] = ZeroDivisionError()
        status, _, err = await self.lanrage("status")
        self.assertEqual((status, err), (1, "lanrage: the node met an error of its own; its log says more\n"))
        self.flushLoggedErrors(ZeroDivisionError)

    async def test_no_node(self) -> None:
        """How to start one."""
        status, out, err = await self.lanrage("--socket", str(self.folder / "none"), "status")
        self.assertEqual((status, out), (1, ""))
        self.assertIn("no node is running at", err)
        self.assertIn("sudo systemctl start lanrage-node", err)

    async def test_ctrl_c(self) -> None:
        """Ends a join that waits, with a word and exit status 130."""
        self.node.held = Deferred()
        running = Running()
        words = [sys.executable, "-m", "lanrage", "party", "join", CODE, "--as", "Ben"]
        reactor.spawnProcess(running, sys.executable, words, env=self.environment)
        status, said = await running.ended.addTimeout(20, reactor)
        self.assertEqual((status, said.decode().splitlines()[-1]), (130, "lanrage: interrupted"))
        self.node.held.callback(None)

    async def test_help_is_quick(self) -> None:
        """It loads neither Twisted nor Autobahn nor the laboratory."""
        program = (
            "import sys\n"
            "from lanrage.app.cli import main\n"
            "main(['--help'], standalone_mode=False)\n"
            "heavy = [name for name in ('twisted.internet', 'autobahn', 'rich', 'pyroute2', 'lanrage.lab.cli')"
            " if name in sys.modules]\n"
            "sys.exit(str(heavy) if heavy else 0)\n"
        )
        out, err, status = await getProcessOutputAndValue(
            sys.executable, ["-c", program], self.environment, reactor=reactor
        )
        self.assertEqual((err, status, b"Commands:" in out), (b"", 0, True))
