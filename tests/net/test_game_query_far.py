"""The process that asks by the library: killed when it is late, says too much, or nobody wants its answer any more."""

from __future__ import annotations

import sys
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ProcessDone, ProcessExitedAlready
from twisted.internet.protocol import ProcessProtocol
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.game_server import ServerFacts
from lanrage.errors import Unanswered
from lanrage.net import game_query_child
from lanrage.net.game_query import Answer, QueryClient
from lanrage.net.game_query_far import OUTPUT_BYTES, START_S, FarQueries


class MemoryProcess:
    """A process that does nothing by itself.

    :ivar signals: what it was sent.
    """

    def __init__(self, protocol: ProcessProtocol, command: list[str], env: dict[str, str]) -> None:
        self.protocol, self.command, self.env = protocol, command, env
        self.signals: list[str] = []
        self.gone = False
        protocol.transport = self  # type: ignore[assignment]  # as much of a transport as is asked for

    def signalProcess(self, name: str) -> None:
        """See ``IProcessTransport``."""
        if self.gone:
            raise ProcessExitedAlready
        self.signals.append(name)

    def end(self, said: bytes = b"") -> None:
        """It writes something and is gone."""
        if said:
            self.protocol.outReceived(said)
        self.gone = True
        self.protocol.processEnded(Failure(ProcessDone(0)))


class ProcessReactor(Clock):
    """Time, and processes in memory.

    :ivar full: no process can be started.
    """

    def __init__(self) -> None:
        super().__init__()
        self.full = False
        self.made: list[MemoryProcess] = []

    def spawnProcess(
        self, protocol: ProcessProtocol, program: str, command: list[str], env: dict[str, str], path: str
    ) -> MemoryProcess:
        """See ``IReactorProcess``."""
        assert (program, path) == (sys.executable, "/")
        if self.full:
            raise OSError("Resource temporarily unavailable")
        self.made.append(MemoryProcess(protocol, command, env))
        return self.made[-1]


class FarTests(SynchronousTestCase):
    """One question, one process."""

    def setUp(self) -> None:
        """Ask once; a module that is always there stands for the library."""
        self.reactor = ProcessReactor()
        self.client = QueryClient(self.reactor, far=FarQueries(self.reactor, "json"))
        self.asked: Deferred[Answer] = self.client.ask("gamespy1", "10.66.0.2", 7778, timeout=2.0)
        (self.process,) = self.reactor.made

    def nothing_left(self) -> None:
        """No call waits."""
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_command(self) -> None:
        """Isolated, without an environment, with the question as its arguments."""
        expected = [sys.executable, "-I", game_query_child.__file__, "GameSpy1.get_status", "10.66.0.2", "7778", "2.0"]
        self.assertEqual((self.process.command, self.process.env), (expected, {}))
        self.process.end()
        self.failureResultOf(self.asked, Unanswered)

    def test_answer(self) -> None:
        """What it says is the answer; the seconds are its own."""
        self.process.end(b'{"seconds": 0.25, "name": "Ann", "players": 2}')
        self.assertEqual(self.successResultOf(self.asked), Answer(ServerFacts("gamespy1", "Ann", players=2), 0.25))
        self.nothing_left()

    def test_broken(self) -> None:
        """Anything else is no answer."""
        self.process.end(b"Traceback (most recent call last)")
        error: Any = self.failureResultOf(self.asked, Unanswered).value
        self.assertEqual(str(error), "10.66.0.2 port 7778 (gamespy1) does not answer")
        self.nothing_left()

    def test_late(self) -> None:
        """Killed some seconds after the question's own time."""
        self.reactor.advance(2.0 + START_S)
        self.assertEqual(self.process.signals, ["KILL"])
        self.process.end()
        self.failureResultOf(self.asked, Unanswered)

    def test_no_process(self) -> None:
        """Where none can be started that is told at once, and no call waits for it."""
        self.process.end()
        self.failureResultOf(self.asked, Unanswered)
        self.reactor.full = True
        asked = self.client.ask("gamespy1", "10.66.0.2", 7778)
        self.assertIn("temporarily unavailable", str(self.failureResultOf(asked, Unanswered).value))
        self.nothing_left()

    def test_too_much(self) -> None:
        """Killed when it does not stop talking."""
        self.process.protocol.outReceived(b" " * (OUTPUT_BYTES + 1))
        self.assertEqual(self.process.signals, ["KILL"])
        self.process.end()
        self.failureResultOf(self.asked, Unanswered)

    def test_cancelled(self) -> None:
        """Killed when nobody waits; that it was gone already does no harm."""
        self.client.stop()
        self.failureResultOf(self.asked, CancelledError)
        self.assertEqual(self.process.signals, ["KILL"])
        self.process.end()
        self.nothing_left()
        again = self.client.ask("gamespy1", "10.66.0.2", 7778)
        self.reactor.made[-1].gone = True
        self.client.stop()
        self.failureResultOf(again, CancelledError)
        self.reactor.made[-1].end()
