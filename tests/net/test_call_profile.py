"""The deterministic profiler."""

from __future__ import annotations

import pstats
import select

from twisted.trial.unittest import SynchronousTestCase

from lanrage.errors import Refused
from lanrage.net.call_profile import CallProfile
from tests.new_file import new_file
from tests.planted import minor_work, planted_hotspot


class CallProfileTests(SynchronousTestCase):
    """With real calls."""

    def setUp(self) -> None:
        self.profile = CallProfile()
        self.addCleanup(self.profile.stop)

    def work(self) -> None:
        """Calls to be counted."""
        self.profile.start()
        for _ in range(20):
            planted_hotspot()
            minor_work()
        self.profile.stop()
        planted_hotspot()

    def test_hotspots(self) -> None:
        """Every call is counted while it is on, and none after it."""
        self.work()
        first = self.profile.hotspots()[0]
        self.assertEqual((first.frame.function, first.calls), ("planted_hotspot", 20))
        self.assertGreater(first.seconds, 0.0)

    def test_waiting_is_no_work(self) -> None:
        """Where a reactor waits is no hotspot."""
        self.profile.start()
        with select.epoll() as poll:
            poll.poll(0.02)
        self.profile.stop()
        self.assertFalse([spot for spot in self.profile.hotspots() if "'poll'" in spot.frame.function])
        self.assertTrue(0.015 < self.profile.waited() < 1.0)

    def test_file(self) -> None:
        """What it gives is read by pstats."""
        self.work()
        path = new_file(self)
        path.write_bytes(self.profile.dump())
        stats = pstats.Stats(str(path))
        counted = {name: calls for (_, _, name), (_, calls, _, _, _) in stats.stats.items()}  # type: ignore[attr-defined]
        self.assertEqual(counted["planted_hotspot"], 20)

    def test_read_while_on(self) -> None:
        """To look at it does not end it; a reset forgets what was."""
        self.profile.start()
        planted_hotspot()
        calls = {spot.frame.function: spot.calls for spot in self.profile.hotspots()}
        self.assertEqual(calls["planted_hotspot"], 1)
        self.profile.reset()
        planted_hotspot()
        minor_work()
        self.profile.stop()
        calls = {spot.frame.function: spot.calls for spot in self.profile.hotspots()}
        self.assertEqual((calls["planted_hotspot"], calls["minor_work"]), (1, 1))

    def test_busy(self) -> None:
        """Where the interpreter has room for one profiler alone, a second is refused by name."""
        self.profile.start()
        other = CallProfile()
        try:
            other.start()
        except Refused as error:
            self.assertEqual(error.code, "profiler_busy")
        finally:
            other.stop()
