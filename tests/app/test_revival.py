"""A session whose devices went away is brought up again, with growing waits, and its user is told."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.revival import FIRST_WAIT, LAST_WAIT, STEADY, Revival
from lanrage.app.status_watch import LOST_AFTER, STATUS_INTERVAL
from lanrage.errors import Refused, Unreachable
from tests.app.links_case import LinksCase


class RevivalTests(SynchronousTestCase):
    """The waits, in the clock's time."""

    def setUp(self) -> None:
        """A session that stands."""
        self.clock = Clock()
        self.attempts: list[Deferred[None]] = []
        self.told: list[str] = []
        self.revival = Revival(self.clock, self._attempt, self.told.append)
        self.revival.came_up()

    def _attempt(self) -> Deferred[None]:
        self.attempts.append(Deferred())
        return self.attempts[-1]

    def _stands(self) -> None:
        self.revival.came_up()
        self.attempts[-1].callback(None)

    def test_comes_back(self) -> None:
        """The user is told at once, the first attempt comes soon, and nothing follows where it succeeds."""
        self.revival.lost("the card is gone")
        self.revival.lost("the tunnel is gone as well")
        self.assertEqual(["the card is gone; it is tried again in 1 s"], self.told)
        self.clock.advance(FIRST_WAIT)
        self.revival.lost("told by what is being taken down")
        self._stands()
        self.assertEqual((1, 1, []), (len(self.attempts), len(self.told), self.clock.getDelayedCalls()))

    def test_waits_grow(self) -> None:
        """Each failure doubles the wait, to a bound."""
        self.revival.lost("gone")
        waits = []
        for _ in range(9):
            (call,) = self.clock.getDelayedCalls()
            waits.append(call.getTime() - self.clock.seconds())
            self.clock.advance(waits[-1])
            self.attempts[-1].errback(Unreachable("no device"))
        self.assertEqual([1, 2, 4, 8, 16, 32, 60, 60, 60], waits)
        self.assertIn("no device; it is tried again in 60 s", self.told[-1])
        self.assertLessEqual(max(waits), LAST_WAIT)

    def test_dies_at_each_start(self) -> None:
        """A program that comes up and dies again waits longer each time, one that stood for a while does not."""
        for wait in (1, 2, 4):
            self.revival.lost("gone")
            self.clock.advance(wait)
            self._stands()
        self.assertEqual(3, len(self.attempts))
        self.clock.advance(STEADY)
        self.revival.lost("gone")
        self.clock.advance(FIRST_WAIT)
        self.assertEqual(4, len(self.attempts))

    def test_stop(self) -> None:
        """Nothing is tried after the stop, also where an attempt was under way."""
        self.revival.lost("gone")
        self.revival.stop()
        self.clock.advance(LAST_WAIT)
        self.assertEqual([], self.attempts)
        self.revival.lost("gone")
        self.clock.advance(FIRST_WAIT)
        self.revival.stop()
        self.attempts[-1].errback(Unreachable("no device"))
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_refusals_and_bugs(self) -> None:
        """What the party refuses is told and not tried again; a bug is logged with its place, and tried again."""
        self.revival.lost("gone")
        self.clock.advance(FIRST_WAIT)
        self.attempts[-1].errback(ZeroDivisionError())
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))
        self.clock.advance(2 * FIRST_WAIT)
        self.attempts[-1].errback(Refused("not_a_member", "you are no member"))
        self.assertEqual("you are no member", self.told[-1])
        self.assertEqual([], self.clock.getDelayedCalls())


class LostTunnelTests(LinksCase):
    """WireGuard's device goes away under the links."""

    def test_told_once(self) -> None:
        """After a few reads that fail it is told, once; a single failure is not."""
        anna, _ = self.two()
        lost: list[str] = []
        anna.links.on_lost = lost.append
        status = anna.tunnel.status
        anna.tunnel.status = self._gone  # type: ignore[method-assign, assignment]
        self.world.run(STATUS_INTERVAL)
        anna.tunnel.status = status  # type: ignore[method-assign]
        self.world.run(STATUS_INTERVAL * 2)
        self.assertEqual([], lost)
        anna.tunnel.status = self._gone  # type: ignore[method-assign, assignment]
        self.world.run(STATUS_INTERVAL * (LOST_AFTER + 5))
        self.assertEqual(["the device is gone"], lost)

    def test_stop_without_device(self) -> None:
        """Every link ends, with its timers, though WireGuard cannot be told of any."""
        anna, bert = self.two()
        self.world.player("carl", 3)
        self.world.meet("anna", "bert", "carl")
        self.world.run(0.5)
        for player in self.world.players.values():
            player.tunnel.remove_peer = self._gone  # type: ignore[method-assign, assignment]
            player.stop()
            self.successResultOf(player.stopped)
        self.world.run(2.0)
        self.assertEqual([], self.world.clock.getDelayedCalls())
        self.assertEqual(({}, {}), (anna.links.peers, bert.links.peers))

    @property
    def _gone(self) -> Callable[..., Deferred[None]]:
        async def gone(*_: object) -> None:
            raise Unreachable("the device is gone")

        return lambda *args: Deferred.fromCoroutine(gone(*args))
