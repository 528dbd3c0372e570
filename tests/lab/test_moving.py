"""Other addresses for sites of a laboratory."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from lanrage.lab.moving import OTHER_LIMIT, _moved, other_address
from lanrage.lab.netns import LabError
from lanrage.lab.plan import LAN, make_plan


class MovingTests(SynchronousTestCase):
    """The plan afterwards."""

    def test_host(self) -> None:
        """An open host is at its new address, all others are where they were."""
        plan = make_plan("x", ["open", "cone"])
        after = _moved(plan, 1, "203.0.113.201")
        self.assertEqual(("203.0.113.201",) * 2, (after.hosts[0].address, after.hosts[0].public_address))
        self.assertEqual((plan.hosts[1], plan.routers), (after.hosts[1], after.routers))

    def test_router(self) -> None:
        """All behind a router are seen at its new address and keep their own."""
        plan = make_plan("x", ["open", "cone", LAN])
        after = _moved(plan, 2, "203.0.113.202")
        self.assertEqual("203.0.113.202", after.router(2).public_address)
        self.assertEqual(["203.0.113.202"] * 2, [host.public_address for host in after.hosts[1:]])
        self.assertEqual([host.address for host in plan.hosts], [host.address for host in after.hosts])

    def test_double(self) -> None:
        """It is the carrier's router that gets another address; the customer's keeps its own."""
        plan = make_plan("x", ["double"])
        after = _moved(plan, 1, "203.0.113.201")
        self.assertEqual("203.0.113.201", after.router(1).outer.public_address)
        self.assertEqual(plan.router(1).wan_address, after.router(1).wan_address)

    def test_no_such_address(self) -> None:
        """Addresses end before the gateway's."""
        self.assertEqual("203.0.113.250", other_address(OTHER_LIMIT))
        for index in (0, OTHER_LIMIT + 1):
            self.assertRaises(LabError, other_address, index)
