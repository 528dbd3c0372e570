"""Roaming: events and sleep lead to looks, bundled and at once."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.roaming import SLEEP_LOOK, Roaming, clocks
from lanrage.core.network_changes import LONGEST, SETTLE, Happening
from tests.fakes_links import MemoryEvents


class RoamingTests(SynchronousTestCase):
    """Time is the test's."""

    def setUp(self) -> None:
        """Awake, with nothing happening."""
        self.clock, self.events = Clock(), MemoryEvents()
        self.looks: list[bool] = []
        self.sleeps: list[float] = []
        self.lead = 7.0
        self.roaming = Roaming(self.clock, self.events, self.looks.append, self.sleeps.append, self.read)

    def read(self) -> tuple[float, float]:
        """Both clocks."""
        return self.clock.seconds() + self.lead, self.clock.seconds()

    def test_an_address_changes(self) -> None:
        """One look for the handful of events."""
        self.roaming.start()
        self.events.tell(Happening.ADDRESS, Happening.ADDRESS)
        self.assertEqual([], self.looks)
        self.clock.advance(SETTLE)
        self.assertEqual([False], self.looks)
        self.events.tell(Happening.ADDRESS, Happening.ROUTE)
        self.clock.advance(SETTLE)
        self.assertEqual([False, True], self.looks)

    def test_events_keep_coming(self) -> None:
        """The look is not put off for ever."""
        self.roaming.start()
        for _ in range(60):
            self.events.tell(Happening.LINK)
            self.clock.advance(SETTLE / 2)
        self.assertGreaterEqual(len(self.looks), int(60 * SETTLE / 2 / LONGEST))
        self.assertLess(len(self.looks), 10)

    def test_sleep(self) -> None:
        """Told at the first look after it, once."""
        self.roaming.start()
        self.clock.advance(SLEEP_LOOK)
        self.lead += 3600
        self.clock.advance(SLEEP_LOOK)
        self.clock.advance(SLEEP_LOOK)
        self.assertEqual([3600.0], self.sleeps)

    def test_stop(self) -> None:
        """Nothing is left, a look that was due is not made."""
        self.roaming.start()
        self.events.tell(Happening.ROUTE)
        self.roaming.stop()
        self.assertIsNone(self.events.heard)
        self.assertEqual([], self.clock.getDelayedCalls())
        self.clock.advance(1.0)
        self.assertEqual([], self.looks)
        self.roaming.stop()

    def test_a_kernel_without_events(self) -> None:
        """Sleep is noticed all the same."""
        self.events.refuses = True
        self.roaming.start()
        self.lead += 100
        self.clock.advance(SLEEP_LOOK)
        self.assertEqual([100.0], self.sleeps)
        self.roaming.stop()

    def test_real_clocks(self) -> None:
        """The one that counts sleep never lags."""
        boot, awake = clocks()
        self.assertGreaterEqual(boot + 0.001, awake)
