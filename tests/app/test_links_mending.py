"""A peer that WireGuard, or this machine's routes, did not take or lost is configured again."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from lanrage.app.peer_device import CONFIGURE_RETRY
from lanrage.app.status_watch import STATUS_INTERVAL
from tests.app.links_case import LinksCase


class MendingTests(LinksCase):
    """Somebody else works on the same machine."""

    def test_route_in_the_way(self) -> None:
        """A member whose route is taken is configured once the way is free, and nothing is left at the stop."""
        anna, bert = self.world.player("anna", 1), self.world.player("bert", 2)
        anna.machine.foreign.add(bert.address)
        self.world.meet("anna", "bert")
        self.world.run(CONFIGURE_RETRY * 2.5)
        self.assertEqual({}, anna.machine.routes)
        anna.machine.foreign.clear()
        self.world.run(CONFIGURE_RETRY)
        self.assertEqual([bert.address], list(anna.machine.routes))
        self.assertEqual("direct", anna.path(bert))
        anna.machine.foreign.add(bert.address)
        anna.stop()
        bert.stop()
        self.world.run(CONFIGURE_RETRY * 2)
        self.assertEqual([], self.world.clock.getDelayedCalls())

    def test_stop_while_waiting(self) -> None:
        """The wait for the next attempt ends with the link."""
        anna, bert = self.world.player("anna", 1), self.world.player("bert", 2)
        anna.machine.foreign.add(bert.address)
        self.world.meet("anna", "bert")
        self.world.run(CONFIGURE_RETRY / 2)
        anna.stop()
        bert.stop()
        self.world.run(1.0)
        self.assertEqual([], self.world.clock.getDelayedCalls())

    def test_peer_removed(self) -> None:
        """A peer that another tool took out of WireGuard is back with a new handshake within two seconds."""
        first, second = self.two()
        for taker, other in ((first, second), (second, first)):
            Deferred.fromCoroutine(taker.tunnel.remove_peer(other.keys.wireguard.public))
            self.world.run(STATUS_INTERVAL + 1.0)
            self.assertEqual(("direct", "direct"), (taker.path(other), other.path(taker)))
