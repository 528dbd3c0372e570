"""The watch over the reactor, with a real reactor and a real thread."""

from __future__ import annotations

import gc
import threading
from collections.abc import Mapping, Sequence
from types import FrameType
from typing import Any

from twisted.internet import reactor as installed_reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.logger import LogEvent, LogLevel, capturedLogs
from twisted.trial.unittest import SynchronousTestCase, TestCase

from lanrage.app.roles import make
from lanrage.app.stall_watch import Stall, Stalls, StallWatch
from lanrage.core.rate import TokenBucket
from lanrage.net.stacks import current_stacks
from tests.planted import planted_block

reactor: Any = installed_reactor
THRESHOLD = 0.05


def planted(told: Sequence[LogEvent]) -> list[LogEvent]:
    """What the watch said of the planted block; a machine that is busy with other things stalls by itself."""
    words = [event for event in told if event["log_namespace"] == "lanrage.app.stall_watch"]
    return [event for event in words if "planted_block" in event["function"]]


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
                for _ in range(40):  # time in which a busy machine leaves this process without a processor is no stall
                    if not planted(told):
                        await deferLater(reactor, 0.0, planted_block, 5 * THRESHOLD)
                        await deferLater(reactor, 3 * THRESHOLD)
            [event] = planted(told)
            self.assertIs(event["log_level"], LogLevel.warn)
            self.assertRegex(event["function"], r"^tests/planted\.py:\d+ planted_block$")
            self.assertLess(3 * THRESHOLD, event["seconds"])
            kept = [(stall.function, stall.seconds) for stall in self.stalls.last]
            self.assertIn((event["function"], event["seconds"]), kept)
            self.assertGreaterEqual(self.stalls.longest, event["seconds"])

        return Deferred.fromCoroutine(life())

    def test_one_that_goes_on(self) -> Deferred[None]:
        """A stall that lasts is told while it lasts, from the watch's thread; warnings beyond the limit are counted."""
        self.watch = StallWatch(reactor, THRESHOLD, long=3 * THRESHOLD, words=TokenBucket(0.0, 1.0), stalls=self.stalls)

        async def life() -> None:
            self.watch.startService()
            await deferLater(reactor, 2 * THRESHOLD)
            with capturedLogs() as told:
                levels: list[Any] = []
                for _ in range(40):  # time in which a busy machine leaves this process without a processor is no stall
                    if levels.count(LogLevel.error) < 2:
                        await deferLater(reactor, 0.0, planted_block, 8 * THRESHOLD)
                        await deferLater(reactor, 3 * THRESHOLD)
                        levels = [event["log_level"] for event in planted(told)]
            self.assertEqual(levels.count(LogLevel.error), 2)
            self.assertLessEqual(levels.count(LogLevel.warn), 1)
            self.assertGreaterEqual(sum("planted_block" in stall.function for stall in self.stalls.last), 2)
            self.assertEqual(self.watch._unsaid, self.stalls.count - 1)

        return Deferred.fromCoroutine(life())

    def test_one_bad_look(self) -> Deferred[None]:
        """A look that fails is told, and the watch goes on; no garbage is collected within one, and after it again."""
        looks = 0
        collecting = []

        def stacks() -> Mapping[int, FrameType]:
            nonlocal looks
            looks += 1
            collecting.append(gc.isenabled())
            if looks == 1:
                raise AttributeError("no frame")
            return current_stacks()

        self.watch = StallWatch(reactor, THRESHOLD, stalls=self.stalls, stacks=stacks)

        async def life() -> None:
            with capturedLogs() as told:
                self.watch.startService()
                while looks < 3:
                    await deferLater(reactor, THRESHOLD)
            [failure] = [event["log_failure"] for event in told if "log_failure" in event]
            self.assertEqual("no frame", failure.getErrorMessage())
            self.assertEqual(1, len(self.flushLoggedErrors(AttributeError)))
            self.assertEqual(({False}, True), (set(collecting), gc.isenabled()))

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
        """They add up; the last ten are kept, the latest first; what comes after a reset is counted apart, too."""
        stalls = Stalls()
        for number in range(12):
            stalls.note(Stall(float(number), 0.5, "f", ""))
        self.assertEqual((stalls.count, stalls.seconds, stalls.longest), (12, 6.0, 0.5))
        self.assertEqual([stall.at for stall in stalls.last], [float(number) for number in range(11, 1, -1)])
        stalls.reset()
        self.assertEqual((stalls.since_reset(), stalls.longest, stalls.last), ((0, 0.0, 0), 0.0, ()))
        stalls.note(Stall(20.0, 0.25, "f", ""))
        self.assertEqual((stalls.since_reset(), stalls.longest), ((1, 0.25, 0), 0.25))
        self.assertEqual((stalls.count, stalls.seconds), (13, 6.25))


class RoleTests(SynchronousTestCase):
    """The roles."""

    def test_each_role_is_watched(self) -> None:
        """A role's service has the watch as a part of it."""
        from lanrage.app.config import RelayConfig  # pylint: disable=import-outside-toplevel

        role = make(reactor, RelayConfig(bytes(32)))
        self.assertEqual([type(part) for part in role.services], [StallWatch])
