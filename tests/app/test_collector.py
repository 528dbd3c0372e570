"""The cycle collector of a control server."""

from __future__ import annotations

import gc

import attrs
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.collector import INTERVAL, SLACK, Collector


@attrs.define
class FakeGc:
    """Counts what was asked of it; `objects` is what a freeze finds."""

    objects: int = 1000
    calls: list[str] = attrs.field(factory=list)
    frozen: int = 0

    def collect(self, generation: int = 2) -> int:
        """As in gc."""
        self.calls.append(f"collect {generation}")
        return 0

    def freeze(self) -> None:
        """As in gc."""
        self.frozen = self.objects

    def unfreeze(self) -> None:
        """As in gc."""
        self.frozen = 0

    def get_freeze_count(self) -> int:
        """As in gc."""
        return self.frozen


class CollectorTests(SynchronousTestCase):
    """What has lived for a second is looked at again only when as many connections have ended as there are."""

    def setUp(self) -> None:
        self.clock, self.gc = Clock(), FakeGc()
        self.ended, self.held = 0, 0
        self.collector = Collector(self.clock, lambda: (self.ended, self.held), self.gc)
        self.addCleanup(self.collector.stop)
        self.collector.start()

    def test_young_alone(self) -> None:
        """However long it runs and grows, only the young are looked at while no connection ends; all is set aside."""
        self.held = 10_000
        self.gc.objects = 1_000_000
        self.clock.pump([INTERVAL] * 90)
        self.assertEqual(self.gc.calls, ["collect 2", *["collect 1"] * 90])
        self.assertEqual((self.collector.full, self.gc.frozen), (1, 1_000_000))

    def test_ended(self) -> None:
        """More have ended than are open: all is looked at, once; then as many must end again."""
        self.held = 3 * SLACK
        self.ended = 3 * SLACK
        self.clock.pump([INTERVAL] * 5)
        self.assertEqual(self.collector.full, 1)
        self.ended += 1
        self.clock.pump([INTERVAL] * 5)
        self.assertEqual(self.collector.full, 2)

    def test_slack(self) -> None:
        """A server that holds nobody lets a few thousand end before it looks at all."""
        self.ended = SLACK
        self.clock.pump([INTERVAL] * 5)
        self.assertEqual(self.collector.full, 1)
        self.ended += 1
        self.clock.pump([INTERVAL] * 5)
        self.assertEqual(self.collector.full, 2)

    def test_stop(self) -> None:
        """Stopped, everything is Python's again, and no call is left; a second stop is nothing."""
        self.collector.stop()
        self.collector.stop()
        self.assertEqual((self.gc.frozen, self.clock.getDelayedCalls()), (0, []))

    def test_real(self) -> None:
        """The real module has what is asked of it: objects are set aside and given back."""
        before = gc.get_freeze_count()
        real = Collector(Clock(), lambda: (0, 0))
        real.start()
        self.assertGreater(gc.get_freeze_count(), before)
        real.stop()
        self.assertEqual(gc.get_freeze_count(), 0)
