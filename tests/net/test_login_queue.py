"""Logins begin in order, a few milliseconds a turn."""

from __future__ import annotations

from functools import partial

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from lanrage.net.login_queue import TURN, LoginQueue


class Slow(Clock):
    """A clock on which work takes time: `spend` passes without a delayed call being made."""

    def spend(self, seconds: float) -> None:
        """Time passes within a call."""
        self.rightNow += seconds

    def iterate(self) -> None:
        """One turn of a reactor: the calls that are due at its start, and none that they add."""
        due, self.calls = self.calls, []
        for call in due:
            call.called = 1
            call.func(*call.args, **call.kw)


class LoginQueueTests(SynchronousTestCase):
    """Whoever is first is done first."""

    def setUp(self) -> None:
        self.clock = Slow()
        self.queue = LoginQueue(self.clock)
        self.begun: list[int] = []

    def begin(self, number: int, cost: float) -> None:
        """A login's first step."""
        self.begun.append(number)
        self.clock.spend(cost)

    def test_alone(self) -> None:
        """A lone login does not wait, and leaves no call behind."""
        for number in range(3):
            self.queue.put(partial(self.begin, number, 0.0))
            self.assertEqual(self.begun, list(range(number + 1)))
            self.clock.iterate()
            self.assertEqual(self.clock.getDelayedCalls(), [])

    @given(st.lists(st.floats(0.0001, 2 * TURN), min_size=1, max_size=40))
    def test_turns(self, costs: list[float]) -> None:
        """In order, each once; a turn ends with the login that used it up, and others are served before the next."""
        self.setUp()
        for number, cost in enumerate(costs):
            self.queue.put(partial(self.begin, number, cost))
        self.assertEqual(self.begun, [0])
        while len(self.begun) < len(costs):
            before = len(self.begun)
            self.clock.iterate()
            taken = costs[before : len(self.begun)]
            self.assertTrue(taken)
            self.assertLess(sum(taken[:-1]), TURN)
            self.assertTrue(sum(taken) >= TURN * 0.999 or len(self.begun) == len(costs))
        self.assertEqual(self.begun, list(range(len(costs))))
        self.clock.iterate()
        self.clock.iterate()
        self.assertEqual((len(self.queue), self.clock.getDelayedCalls()), (0, []))

    def test_stop(self) -> None:
        """Stopped, nobody's turn comes any more."""
        self.queue.put(partial(self.begin, 0, 0.0))
        self.queue.put(partial(self.begin, 1, 0.0))
        self.queue.stop()
        self.clock.advance(1)
        self.assertEqual((self.begun, self.clock.getDelayedCalls()), ([0], []))
