"""When leased routes are looked at."""

from __future__ import annotations

from ipaddress import IPv4Interface, IPv4Network

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.lan import HOUSEKEEPING_SECONDS, LanPlane
from lanrage.app.lan_routes import LeasedRoutes
from lanrage.core.links import LocalAddress
from lanrage.core.route_leases import LEASABLE
from lanrage.errors import MissingRight
from tests.fakes_lan import MemoryCard, MemoryPort


class RoutesTests(SynchronousTestCase):
    """One plane with this part alone."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.asked: list[Deferred[frozenset[IPv4Network]]] = []
        address = IPv4Interface("10.66.0.1/24")
        self.plane = LanPlane(
            self.clock,
            MemoryCard(),
            MemoryPort(),
            address,
            7,
            own_addresses=self.addresses,
            parts=lambda plane: [LeasedRoutes(plane, self.lease)],
        )

    async def addresses(self) -> list[LocalAddress]:
        """This machine has none."""
        return []

    def lease(self) -> Deferred[frozenset[IPv4Network]]:
        """A look that ends when the test says so."""
        self.asked.append(Deferred())
        return self.asked[-1]

    def leased(self) -> int:
        """How many."""
        return self.plane.counters()["routes_leased"]

    def test_looks(self) -> None:
        """At the start, at changes of the network, and slowly without any; one at a time, none lost."""
        self.plane.look()
        self.assertEqual(self.asked, [])
        self.successResultOf(self.plane.startService())
        self.asked[0].callback(frozenset(LEASABLE))
        self.assertEqual((self.leased(), len(self.asked)), (2, 1))
        self.successResultOf(self.plane.look())
        for _ in range(3):
            self.plane.look()
        self.assertEqual(len(self.asked), 2)
        self.asked[1].callback(frozenset())
        self.assertEqual((self.leased(), len(self.asked)), (0, 3))
        self.asked[2].callback(frozenset())
        self.clock.advance(HOUSEKEEPING_SECONDS)
        self.assertEqual(len(self.asked), 4)
        self.asked[3].callback(frozenset())
        self.successResultOf(self.plane.stopService())
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_trouble(self) -> None:
        """A look that fails is followed by the next."""
        self.successResultOf(self.plane.startService())
        self.asked[0].errback(MissingRight("no"))
        self.plane.look()
        self.asked[1].errback(ZeroDivisionError())
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.plane.look()
        self.asked[2].callback(frozenset(LEASABLE[:1]))
        self.assertEqual(self.leased(), 1)
        self.successResultOf(self.plane.stopService())

    def test_stop(self) -> None:
        """A stop waits for the look that runs; none follows it."""
        self.successResultOf(self.plane.startService())
        self.plane.look()
        stopping = self.plane.stopService()
        self.assertNoResult(stopping)
        self.asked[0].callback(frozenset())
        self.successResultOf(stopping)
        self.assertEqual(len(self.asked), 1)
