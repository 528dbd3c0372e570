"""A role as one service: parts in order, a part that fails ends the program, a stop waits for all of them."""

from __future__ import annotations

import atexit
import errno
import os
from typing import Any, cast

from twisted.application.service import Service
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.logger import LogLevel, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app import role_service
from lanrage.app.role_service import DISK_PAUSES, RoleService
from lanrage.errors import BadInput, StoreError


class Part(Service):
    """A part that tells what happens to it.

    :param slow: its start is waited for.
    """

    def __init__(self, case: RoleCase, name: str, *, slow: bool = False) -> None:
        self.case, self.label = case, name
        self.starting: Deferred[None] = Deferred()
        self.stopping: Deferred[None] = succeed(None)
        self.error: Exception | None = None
        if slow:
            self.started = self.starting

    def startService(self) -> None:
        """Begin."""
        self.case.events.append(f"start {self.label}")
        if self.error is not None:
            raise self.error

    def stopService(self) -> Deferred[None]:
        """End."""
        self.case.events.append(f"stop {self.label}")
        return self.stopping


class Ended(Clock):
    """A clock that tells whether the reactor was stopped."""

    stopped: int = 0

    def callWhenRunning(self, call: object) -> None:
        """At once."""
        call()  # type: ignore[operator]

    def stop(self) -> None:
        """The program ends."""
        self.stopped += 1


class RoleCase(SynchronousTestCase):
    """Three parts, the second one slow."""

    def setUp(self) -> None:
        """Parts and what happens to them."""
        self.events: list[str] = []
        self.said: list[tuple[LogLevel, str]] = []
        self.reactor = Ended()
        self.parts = [Part(self, "a"), Part(self, "b", slow=True), Part(self, "c")]
        self.service = RoleService(self.reactor, list(self.parts), self.greet)
        self.addCleanup(atexit.unregister, role_service._exit_failed)
        self.observer = cast(Any, self._observe)
        globalLogPublisher.addObserver(self.observer)
        self.addCleanup(globalLogPublisher.removeObserver, self.observer)

    def _observe(self, event: dict[str, object]) -> None:
        if event.get("log_namespace") == "lanrage.app.role_service.RoleService":
            level = event["log_level"]
            assert isinstance(level, LogLevel.info.__class__)
            self.said.append((level, str(event.get("line", event.get("sentence", event.get("part", ""))))))

    def greet(self) -> list[str]:
        """The greeting."""
        self.events.append("greeting")
        return ["it runs"]


class RoleServiceTests(RoleCase):
    """All parts are needed."""

    def test_order(self) -> None:
        """Each part starts when the one before it stands; they stop in the other order, each after the other."""
        self.service.startService()
        self.assertEqual(["start a", "start b"], self.events)
        self.parts[1].starting.callback(None)
        self.assertEqual(["start a", "start b", "start c", "greeting"], self.events)
        self.assertEqual([(LogLevel.info, "it runs")], self.said)
        self.events.clear()
        self.parts[2].stopping = Deferred()
        stopping = self.service.stopService()
        self.assertEqual(["stop c"], self.events)
        self.assertNoResult(stopping)
        self.parts[2].stopping.callback(None)
        self.assertEqual(["stop c", "stop b", "stop a"], self.events)
        self.successResultOf(stopping)
        self.assertEqual(0, self.reactor.stopped)

    def test_stop_while_starting(self) -> None:
        """What had not started yet is not started any more, and nobody is greeted."""
        self.service.startService()
        stopping = self.service.stopService()
        self.parts[1].starting.callback(None)
        self.successResultOf(stopping)
        self.assertEqual(["start a", "start b", "stop b", "stop a"], self.events)

    def test_failing_part(self) -> None:
        """One sentence, the program ends, and what stood is stopped; the other parts are never started."""
        for slow in (False, True):
            self.setUp()
            if slow:
                self.service.startService()
                self.parts[1].starting.errback(BadInput("listen", "port 7766 is taken"))
            else:
                self.parts[1].error = BadInput("listen", "port 7766 is taken")
                self.service.startService()
            self.assertEqual([(LogLevel.critical, "listen: port 7766 is taken")], self.said)
            self.assertEqual(1, self.reactor.stopped)
            self.successResultOf(self.service.stopService())
            self.assertEqual(["start a", "start b", "stop b", "stop a"], self.events)
            globalLogPublisher.removeObserver(self.observer)

    def test_bug(self) -> None:
        """An error of ours goes into the log with its traceback, and the sentence says so."""
        self.parts[0].error = RuntimeError("a bug")
        self.service.startService()
        self.assertEqual([RuntimeError], [type(failure.value) for failure in self.flushLoggedErrors()])
        self.assertEqual((LogLevel.critical, "an unexpected error; see the log above"), self.said[-1])
        self.assertEqual(1, self.reactor.stopped)

    def test_part_that_does_not_stop_well(self) -> None:
        """Its error is logged; the others stop all the same."""
        self.service.startService()
        self.parts[1].starting.callback(None)
        self.events.clear()
        self.parts[1].stopping = Deferred()
        stopping = self.service.stopService()
        self.parts[1].stopping.errback(RuntimeError("stuck"))
        self.successResultOf(stopping)
        self.assertEqual(["stop c", "stop b", "stop a"], self.events)
        self.assertEqual([RuntimeError], [type(failure.value) for failure in self.flushLoggedErrors()])
        self.assertEqual(1, self.said.count((LogLevel.critical, "Part")))


class OptionalTests(RoleCase):
    """The same with a second part that the role can do without, and a fourth that needs it."""

    def setUp(self) -> None:
        """Four parts."""
        super().setUp()
        b, last = self.parts[1], Part(self, "d")
        self.parts.append(last)
        self.service = RoleService(self.reactor, self.parts, self.greet, optional={b: (), last: (b,)})

    def test_tried_again(self) -> None:
        """The others run meanwhile, it is told once, and what needs it begins when it is there."""
        self.parts[1].error = BadInput("listen", "port 7766 is taken")
        del self.parts[1].started
        self.service.startService()
        self.assertEqual(["start a", "start b", "stop b", "start c", "greeting"], self.events)
        sentence = "the part 2 does not run, and is tried again: listen: port 7766 is taken"
        self.assertEqual([sentence], self.service.troubles())
        self.reactor.advance(1.0)
        self.assertEqual(1, sum("taken" in text for _, text in self.said))
        self.parts[1].error = None
        self.events.clear()
        self.reactor.advance(60.0)
        self.assertEqual(["start b", "start d"], self.events)
        self.assertEqual([], self.service.troubles())
        self.events.clear()
        self.successResultOf(self.service.stopService())
        self.assertEqual(["stop d", "stop b", "stop c", "stop a"], self.events)
        self.assertEqual((0, []), (self.reactor.stopped, self.reactor.getDelayedCalls()))

    def test_stopped_meanwhile(self) -> None:
        """Nothing is tried again after the stop."""
        self.parts[1].error = BadInput("listen", "port 7766 is taken")
        self.service.startService()
        self.successResultOf(self.service.stopService())
        self.events.clear()
        self.reactor.advance(600.0)
        self.assertEqual(([], []), (self.events, self.reactor.getDelayedCalls()))


class PatientTests(RoleCase):
    """The same where the second part waits for its disk."""

    def setUp(self) -> None:
        """Its disk is read-only."""
        super().setUp()
        del self.parts[1].started
        self.service = RoleService(self.reactor, list(self.parts), self.greet, patient=[self.parts[1]])
        self.parts[1].error = self.trouble(errno.EROFS)

    @staticmethod
    def trouble(number: int) -> StoreError:
        """What a folder that cannot be made is told by."""
        error = StoreError(f"/x cannot be made: {os.strerror(number)}")
        error.__cause__ = OSError(number, os.strerror(number))
        return error

    def test_waits(self) -> None:
        """It is told once; the part before it runs on, those after it begin when the disk is there."""
        self.service.startService()
        self.reactor.pump([1.0] * 20)
        self.assertEqual(["start a", *["start b", "stop b"] * 4], self.events)
        self.assertEqual([(LogLevel.warn, "/x cannot be made: Read-only file system")], self.said)
        self.parts[1].error = None
        self.events.clear()
        self.reactor.advance(DISK_PAUSES[-1])
        self.assertEqual(["start b", "start c", "greeting"], self.events)
        self.assertEqual((0, []), (self.reactor.stopped, self.reactor.getDelayedCalls()))

    def test_stopped_meanwhile(self) -> None:
        """Nothing is tried again after the stop."""
        self.service.startService()
        self.successResultOf(self.service.stopService())
        self.events.clear()
        self.reactor.advance(600.0)
        self.assertEqual(([], []), (self.events, self.reactor.getDelayedCalls()))

    def test_other_trouble(self) -> None:
        """What no waiting helps against ends the process as ever."""
        self.parts[1].error = self.trouble(errno.EACCES)
        self.service.startService()
        self.assertEqual((1, ["start a", "start b", "stop b"]), (self.reactor.stopped, self.events[:3]))
