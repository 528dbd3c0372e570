"""The party firewall follows the ports, and stands before the tunnel does."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.guarding import Guarding
from lanrage.core.exposure import Exposure, GuardRules
from lanrage.core.play_ports import PlayPorts, Source, Span
from lanrage.errors import Unreachable
from tests.fakes_guard import MemoryGuard

QUAKE = (Span("udp", 27960, 27963),)


class GuardingTests(SynchronousTestCase):
    """One session."""

    def setUp(self) -> None:
        """Its parts."""
        self.ports, self.guard = PlayPorts(), MemoryGuard()

    def make(self, exposure: Exposure = Exposure.GAMES) -> Guarding:
        """The guarding."""
        return Guarding(exposure, self.ports, self.guard)

    def test_follows(self) -> None:
        """A game that starts opens its ports, one that ends closes them; after the stop nothing is told."""
        guarding = self.make()
        self.successResultOf(Deferred.fromCoroutine(guarding.start()))
        self.assertEqual(GuardRules(Exposure.GAMES), self.guard.rules)
        self.ports.started("quake", QUAKE)
        self.ports.ended("quake")
        expected = [GuardRules(Exposure.GAMES, (), QUAKE), GuardRules(Exposure.GAMES)]
        self.assertEqual(expected, self.guard.used)
        self.successResultOf(Deferred.fromCoroutine(guarding.stop()))
        self.ports.started("quake", QUAKE)
        self.assertEqual((None, expected), (self.guard.rules, self.guard.used))

    def test_nothing_new(self) -> None:
        """Where a game's ports are open anyway its start makes no new table; the user's own list does."""
        guarding = self.make(Exposure.GUARDED)
        self.successResultOf(Deferred.fromCoroutine(guarding.start()))
        self.ports.started("quake", QUAKE)
        self.assertEqual(self.guard.used, [])
        self.ports.put(Source.USER, "lan.ports", (Span("tcp", 80, 80),), "named")
        self.assertEqual(self.guard.used, [GuardRules(Exposure.GUARDED, (Span("tcp", 80, 80),), QUAKE)])
        self.successResultOf(Deferred.fromCoroutine(guarding.expose(Exposure.GAMES)))
        self.assertEqual(self.guard.used[1:], [GuardRules(Exposure.GAMES, (Span("tcp", 80, 80),), QUAKE)])

    def test_lets_in(self) -> None:
        """What comes in past the table is judged as the table judges: by the ports in play now."""
        guarding = self.make()
        self.assertFalse(guarding.lets_in(QUAKE[0].first))
        self.ports.started("quake", QUAKE)
        self.assertTrue(guarding.lets_in(QUAKE[0].first))
        self.assertFalse(self.make(Exposure.GUARDED).lets_in(22))

    def test_missing(self) -> None:
        """Without nftables nothing is started, unless the user opened all: then it is said."""
        self.guard.broken = Unreachable("no nftables")
        self.failureResultOf(Deferred.fromCoroutine(self.make().start()), Unreachable)
        guarding = self.make(Exposure.ALL)
        self.successResultOf(Deferred.fromCoroutine(guarding.start()))
        self.assertEqual("no nftables", guarding.trouble)
