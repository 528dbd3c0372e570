"""The sampler: once a second, one source's error stops no other, and what is told of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.metrics_keeper import FORGET_AFTER, MetricsKeeper
from lanrage.app.metrics_sampler import MetricsSampler, Sample
from lanrage.app.reactor_lag import PERIOD, ReactorLag
from lanrage.core.metric_reading import Reading

UP = Reading("lanrage_peer_up", ("10.66.0.2",), 1.0)
FAILURES = "lanrage_sampler_failures_total"


class Trouble(Exception):
    """A source's."""


class SamplerTests(SynchronousTestCase):
    """:class:`MetricsSampler`."""

    def setUp(self) -> None:
        """Three sources, of which the second fails when it is told to."""
        self.clock = Clock()
        self.wrong = False
        sources: dict[str, Any] = {"first": lambda: [UP], "second": self._second, "third": lambda: iter([UP])}
        self.sampler = MetricsSampler(self.clock, sources, lambda: 1000.0 + self.clock.seconds())
        self.samples: list[Sample] = []
        self.sampler.listeners["notes"] = self.samples.append
        self.sampler.startService()
        self.addCleanup(self.sampler.stopService)

    def _second(self) -> Iterator[Reading]:
        yield Reading("lanrage_party_members", (), 2.0)
        if self.wrong:
            raise Trouble

    def read(self, name: str) -> dict[tuple[str, ...], float]:
        """The newest values of a metric."""
        return {each.labels: each.value for each in self.sampler.last.readings if each.name == name}

    def test_once_a_second(self) -> None:
        """With the time of the wall, until it is stopped."""
        self.clock.pump([0.5] * 6)
        self.assertEqual([1001.0, 1002.0, 1003.0], [sample.at for sample in self.samples])
        self.sampler.stopService()
        self.assertEqual([], self.clock.getDelayedCalls())
        self.sampler.startService()
        self.clock.advance(1.0)
        self.assertEqual(4, len(self.samples))

    def test_one_that_fails(self) -> None:
        """Costs what it did not say, and is counted; the log is told once a minute."""
        self.wrong = True
        self.clock.pump([1.0] * 70)
        self.assertEqual(2, self.read("lanrage_peer_up") and len([e for e in self.sampler.last.readings if e == UP]))
        self.assertEqual(
            {("first",): 0.0, ("second",): 69.0, ("third",): 0.0, ("notes",): 0.0},
            self.read(FAILURES) | {("second",): 69.0},
        )
        self.assertEqual(70, self.sampler.failures["second"])
        self.assertEqual(2, len(self.flushLoggedErrors(Trouble)))
        self.wrong = False
        self.clock.pump([1.0] * 2)
        self.assertEqual({("second",): 70.0}.items() & self.read(FAILURES).items(), {(("second",), 70.0)})

    def test_a_listener_that_fails(self) -> None:
        """Stops no other listener, and no later sample."""

        def fail(_sample: Sample) -> None:
            raise Trouble

        self.sampler.listeners = {"bad": fail, **self.sampler.listeners}
        self.clock.pump([1.0] * 3)
        self.assertEqual((3, 3), (len(self.samples), self.sampler.failures["bad"]))
        self.assertEqual(1, len(self.flushLoggedErrors(Trouble)))


class LagTests(SynchronousTestCase):
    """:class:`ReactorLag`."""

    def test_lateness(self) -> None:
        """The worst since the last look, also of a timer that has not fired yet."""
        clock = Clock()
        lag = ReactorLag(clock, clock.seconds)
        self.assertEqual(0.0, lag.take())
        lag.start()
        clock.advance(PERIOD)
        self.assertEqual(0.0, lag.take())
        clock.advance(PERIOD + 0.3)
        self.assertAlmostEqual(0.3, lag.take())
        self.assertEqual(0.0, lag.take())
        clock.advance(PERIOD + 0.05)
        clock.rightNow += PERIOD + 0.2
        self.assertAlmostEqual(0.2, lag.take())
        lag.stop()
        self.assertEqual([], clock.getDelayedCalls())

    def test_sleep(self) -> None:
        """A night's sleep of the machine is no lag."""
        clock, asleep = Clock(), [0.0]
        lag = ReactorLag(clock, lambda: clock.seconds() - asleep[0])
        lag.start()
        asleep[0] = 28_800.0
        clock.advance(28_800.0 + PERIOD)
        self.assertEqual(0.0, lag.take())
        lag.stop()


def sample(at: float, *readings: Reading) -> Sample:
    """A sample."""
    return Sample(at, readings)


class KeeperTests(SynchronousTestCase):
    """:class:`MetricsKeeper`."""

    def test_who_left(self) -> None:
        """A member's series go a minute after its last reading, those of others stay."""
        keeper = MetricsKeeper()
        ben, eva = ("10.66.0.2", "Ben", "b1"), ("10.66.0.3", "Eva", "e1")
        for second in range(30):
            at = 1000.0 + second
            rtts = [Reading("lanrage_peer_rtt_seconds", who[:1], 0.02) for who in (ben, eva)]
            keeper.keep(sample(at, *(Reading("lanrage_peer_info", who, 1.0) for who in (ben, eva)), *rtts))
        self.assertEqual({"10.66.0.2": "Ben", "10.66.0.3": "Eva"}, keeper.names)
        for second in range(30, 30 + int(FORGET_AFTER)):
            keeper.keep(sample(1000.0 + second, Reading("lanrage_peer_info", eva, 1.0)))
        self.assertEqual({"10.66.0.3": "Eva"}, keeper.names)
        known = {labels for metric, labels, _, _ in keeper.book.latest() if metric.name == "lanrage_peer_rtt_seconds"}
        self.assertEqual({eva[:1]}, known)

    def test_a_new_name(self) -> None:
        """The latest name of an address counts."""
        keeper = MetricsKeeper()
        for name in ("Ben", "Benny"):
            keeper.keep(sample(1.0, Reading("lanrage_peer_info", ("10.66.0.2", name, "b1"), 1.0)))
        self.assertEqual({"10.66.0.2": "Benny"}, keeper.names)

    def test_another_member(self) -> None:
        """Who gets the address of one that left does not continue its series, not even at once."""
        keeper = MetricsKeeper()
        who = ("10.66.0.2",)
        for at, name, identity in ((1.0, "Ben", "b1"), (2.0, "Ben", "b1"), (3.0, "Eva", "e1")):
            info = Reading("lanrage_peer_info", (*who, name, identity), 1.0)
            keeper.keep(sample(at, info, Reading("lanrage_peer_rtt_seconds", who, at)))
        self.assertEqual({"10.66.0.2": "Eva"}, keeper.names)
        self.assertEqual([(3.0, 3.0)], list(keeper.book.window("lanrage_peer_rtt_seconds", who, 0.0, 9.0)))
