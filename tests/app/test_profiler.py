"""The profiler: on and off, for a bounded time, and what it finds in a service under load."""

from __future__ import annotations

import gzip
import pstats
import time
from base64 import b64decode
from typing import Any

from twisted.internet import reactor as installed_reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock, deferLater
from twisted.trial.unittest import SynchronousTestCase, TestCase

from lanrage.app.metering import of_calls
from lanrage.app.profile_node import ProfileNode
from lanrage.app.profiler import Mode, Profiler
from lanrage.app.stall_watch import STALLS, Stall
from lanrage.errors import Refused
from lanrage.timing import TIMINGS
from tests.new_file import new_file
from tests.planted import load, planted_hotspot
from tests.speedscope_schema import check

reactor: Any = installed_reactor


class ProfilerTests(SynchronousTestCase):
    """By a clock of the test's."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.profiler = Profiler(self.clock)
        self.addCleanup(self.profiler.stop)

    def test_goes_off_by_itself(self) -> None:
        """After its time it is off, with no timer left."""
        for mode in Mode:
            self.profiler.start(mode, minutes=2)
            self.clock.advance(30)
            self.assertEqual((self.profiler.on, self.profiler.left, self.profiler.seconds), (True, 90.0, 30.0))
            self.clock.advance(90)
            self.assertEqual((self.profiler.on, self.profiler.left, self.profiler.seconds), (False, 0.0, 120.0))
            self.assertEqual(self.clock.getDelayedCalls(), [])
            self.assertFalse(self.profiler.sampler.running or self.profiler.calls.running)

    def test_off_and_on(self) -> None:
        """Off, it keeps what it saw; on again in the same mode, it adds to that; a reset forgets."""
        for mode in Mode:
            self.profiler.start(mode)
            self.clock.advance(10)
            self.profiler.stop()
            self.profiler.stop()
            self.clock.advance(100)
            self.profiler.start(mode)
            self.clock.advance(5)
            self.assertEqual(self.profiler.seconds, 15.0)
            self.profiler.reset()
            self.clock.advance(1)
            self.assertEqual((self.profiler.on, self.profiler.seconds), (True, 1.0))
            self.profiler.stop()

    def test_another_mode_begins_anew(self) -> None:
        """What two ways saw is not mixed."""
        self.profiler.start(Mode.DETERMINISTIC)
        for _ in range(50):
            planted_hotspot()
        self.profiler.stop()
        self.assertEqual(self.profiler.hotspots()[0].frame.function, "planted_hotspot")
        self.profiler.start(Mode.SAMPLING)
        self.assertEqual((self.profiler.hotspots(), self.profiler.calls.hotspots()), ([], []))

    def test_busy(self) -> None:
        """One at a time; the other goes on."""
        self.profiler.start(Mode.SAMPLING)
        self.assertEqual(self.assertRaises(Refused, self.profiler.start, Mode.DETERMINISTIC).code, "profiler_busy")
        self.assertEqual((self.profiler.mode, self.profiler.on), (Mode.SAMPLING, True))


class Profiled(ProfileNode):
    """The part of a node that profiles, alone."""

    def __init__(self) -> None:
        self._reactor = reactor
        self._now = time.time


class LiveTests(TestCase):
    """In a reactor under load."""

    def setUp(self) -> None:
        self.node = Profiled()
        self.addCleanup(self.node.end_profiling)
        self.loop = load(reactor)
        self.addCleanup(self.loop.stop)

    async def hottest(self, mode: str, seconds: float) -> dict[str, Any]:
        """The answer of hotspots, after a time under load."""
        await self.node.profile_reset()
        await self.node.profile_on(mode=mode, hertz=250, minutes=1.0)
        await deferLater(reactor, seconds)
        await self.node.profile_save(end=True)
        return await self.node.profile_hotspots(limit=5, threads="reactor")

    def test_sampling(self) -> Deferred[None]:
        """The hotspot that was planted is first; the file is one that speedscope opens, and shows it."""

        async def life() -> None:
            shown = await self.hottest("sampling", 0.8)
            self.assertEqual(shown["hotspots"][0]["function"], "planted_hotspot", shown)
            self.assertTrue(0 < shown["busy_pct"] < 100)
            saved = await self.node.profile_save(end=False)
            self.assertEqual(saved["format"], "speedscope")
            file = check(gzip.decompress(b64decode(saved["content"])))
            leaves = [file.shared.frames[stack[-1]].name for stack in file.profiles[0].samples]
            self.assertIn("planted_hotspot", leaves)
            state = (await self.node.profile_stats())["profile"]
            self.assertEqual((state["on"], state["mode"], state["squeezed"]), (False, "sampling", 0))
            self.assertTrue(state["samples"] > 0 and 0 < state["overhead_pct"] < 10, state)

        return Deferred.fromCoroutine(life())

    def test_deterministic(self) -> Deferred[None]:
        """It is first there, too, with its calls; the file is one that pstats and snakeviz read."""

        async def life() -> None:
            shown = await self.hottest("deterministic", 0.3)
            first = shown["hotspots"][0]
            self.assertEqual(first["function"], "planted_hotspot", shown)
            self.assertGreater(first["calls"], 5)
            saved = await self.node.profile_save(end=False)
            self.assertEqual(saved["format"], "pstats")
            path = new_file(self)
            path.write_bytes(gzip.decompress(b64decode(saved["content"])))
            stats = pstats.Stats(str(path)).stats  # type: ignore[attr-defined]
            self.assertIn("planted_hotspot", {name for _, _, name in stats})
            state = (await self.node.profile_stats())["profile"]
            self.assertEqual((state["overhead_pct"], state["samples"]), (None, 0))

        return Deferred.fromCoroutine(life())

    def test_system(self) -> Deferred[None]:
        """What the process uses is what the kernel says of it."""

        async def life() -> None:
            shown = await self.node.profile_system()
            self.assertGreater(shown["rss_bytes"], 10 << 20)
            self.assertGreater(shown["files"], 3)
            self.assertIn("MainThread", shown["thread_names"])
            self.assertTrue(0 <= shown["lag_ms"] < 5000)
            self.assertGreaterEqual(shown["timers"], 1)
            self.assertEqual(len(shown["gc_collections"]), 3)

        return Deferred.fromCoroutine(life())

    def test_what_is_timed(self) -> Deferred[None]:
        """Timed operations are shown with their figures, the slowest calls with the last stalls; a reset hides them."""

        async def life() -> None:
            await self.node.profile_reset()
            STALLS.note(Stall(1.0, 0.5, "a.py:1 f", ""))
            self.addCleanup(STALLS.reset)
            await self.node.profile_system()
            timed = {each["operation"]: each for each in (await self.node.profile_stats())["timed"]}
            self.assertEqual(timed["profiler.system"]["calls"], 1)
            self.assertGreaterEqual(timed["profiler.system"]["max_ms"], 100.0)
            slow = await self.node.profile_slow(limit=1)
            self.assertEqual([each["operation"] for each in slow["calls"]], ["profiler.system"])
            self.assertEqual([(each["ms"], each["function"]) for each in slow["stalls"]], [(500.0, "a.py:1 f")])
            before = {(each.name, each.labels): each.value for each in of_calls()}
            await self.node.profile_reset()
            self.assertEqual(TIMINGS.calls["profiler.system"].since_reset().calls, 0)
            self.assertEqual(len((await self.node.profile_slow(limit=1))["stalls"]), 0)
            after = {(each.name, each.labels): each.value for each in of_calls()}
            back = [name for name, value in before.items() if name[0].endswith("_total") and after[name] < value]
            self.assertEqual(back, [])  # metrics that count go on: Prometheus takes a step back for a restart

        return Deferred.fromCoroutine(life())
