"""The watch over the reactor, with a real reactor and a real thread."""

from __future__ import annotations

import threading
from typing import Any

from twisted.internet import reactor as installed_reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.logger import LogLevel, capturedLogs
from twisted.trial.unittest import SynchronousTestCase, TestCase

from lanrage.app.roles import make
from lanrage.app.stall_watch import Stall, Stalls, StallWatch
from tests.planted import planted_block

reactor: Any = installed_reactor
THRESHOLD = 0.05


class StallWatchTests(TestCase):
    """A reactor that is blocked, and one that is not."""

    def setUp(self) -> None:
        self.stalls = Stalls()
        self.watch = StallWatch(reactor, THRESHOLD, stalls=self.stalls)
        self.addCleanup(self.end)

    def end(self) -> None:
        """Nothing is left."""
        if self.watch.running:
            self.watch.stopService()

    def test_the_function_is_named(self) -> Deferred[None]:
        """A call that blocks is warned of once, with the file, line and function that blocked."""

        async def life() -> None:
            self.watch.startService()
            await deferLater(reactor, 2 * THRESHOLD)
            with capturedLogs() as told:
                await deferLater(reactor, 0.0, planted_block, 5 * THRESHOLD)
                await deferLater(reactor, 3 * THRESHOLD)
            events = [event for event in told if event["log_namespace"] == "lanrage.app.stall_watch"]
            self.assertEqual([event["log_level"] for event in events], [LogLevel.warn])
            [event] = events
            self.assertRegex(event["function"], r"^tests/planted\.py:\d+ planted_block$")
            self.assertTrue(3 * THRESHOLD < event["seconds"] < 20 * THRESHOLD, event["seconds"])
            [stall] = self.stalls.last
            self.assertEqual((self.stalls.count, stall.function), (1, event["function"]))
            self.assertEqual(self.stalls.longest, event["seconds"])

        return Deferred.fromCoroutine(life())

    def test_work_is_no_stall(self) -> Deferred[None]:
        """A reactor that is busy with short work is not warned of."""

        async def life() -> None:
            self.watch.startService()
            for _ in range(30):
                await deferLater(reactor, 0.0, planted_block, 0.005)

        def none(_: None) -> None:
            self.assertEqual([stall for stall in self.stalls.last if stall.seconds < THRESHOLD], [])

        return Deferred.fromCoroutine(life()).addCallback(none)

    def test_ends(self) -> Deferred[None]:
        """After it stopped its thread is gone, also where it had hardly begun; it can begin anew."""

        async def life() -> None:
            for pause in (0.0, THRESHOLD):
                self.watch.startService()
                await deferLater(reactor, pause)
                self.watch.stopService()
                self.assertEqual([t.name for t in threading.enumerate() if t.name == "lanrage-stalls"], [])

        return Deferred.fromCoroutine(life())


class StallsTests(SynchronousTestCase):
    """The counts."""

    def test_counts(self) -> None:
        """They add up; the last ten are kept, the latest first; a reset forgets."""
        stalls = Stalls()
        for number in range(12):
            stalls.note(Stall(float(number), 0.5, "f", ""))
        self.assertEqual((stalls.count, stalls.seconds, stalls.longest), (12, 6.0, 0.5))
        self.assertEqual([stall.at for stall in stalls.last], [float(number) for number in range(11, 1, -1)])
        stalls.reset()
        self.assertEqual(stalls, Stalls())


class RoleTests(SynchronousTestCase):
    """The roles."""

    def test_each_role_is_watched(self) -> None:
        """A role's service has the watch as a part of it."""
        from lanrage.app.config import RelayConfig  # pylint: disable=import-outside-toplevel

        role = make(reactor, RelayConfig(bytes(32)))
        self.assertEqual([type(part) for part in role.services], [StallWatch])
