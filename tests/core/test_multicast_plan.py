"""Which groups take the raw way."""

from __future__ import annotations

from ipaddress import IPv4Address

from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.multicast_plan import GroupOnCard, Scan, may_adopt, raw_ways, wanted_places
from tests.strategies_lan import GROUP

OTHER = IPv4Address("225.1.1.1")
CARD, ETH, WLAN = 2, 4, 5


class PlanTests(SynchronousTestCase):
    """Once for each socket."""

    def test_wanted(self) -> None:
        """Groups on real cards count; those of our own devices and of the system do not."""
        system = [IPv4Address(each) for each in ("224.0.0.1", "224.0.0.22", "224.0.0.251", "239.255.255.250")]
        rows = [(ETH, GROUP, 2), (CARD, GROUP, 1), (1, OTHER, 1), *((ETH, group, 1) for group in system)]
        self.assertEqual(wanted_places(rows, {1, CARD}), {GroupOnCard(GROUP, ETH): 2})
        self.assertFalse(any(may_adopt(group) for group in system))

    def test_all_adopted(self) -> None:
        """Where every member was adopted there is no raw way."""
        place = GroupOnCard(GROUP, ETH)
        self.assertEqual(raw_ways({place: 2}, (), Scan({place: 2})), {})

    def test_left_over(self) -> None:
        """Where one was not, the raw way is taken, unless the LAN card has a member: that would get two."""
        place = GroupOnCard(GROUP, ETH)
        self.assertEqual(raw_ways({place: 2}, (), Scan({place: 1}, 0, 1)), {GROUP: ETH})
        self.assertEqual(raw_ways({place: 2}, {GROUP}, Scan({place: 1}, 1, 1)), {})
        self.assertEqual(raw_ways({place: 2}, {OTHER}, Scan()), {GROUP: ETH})

    def test_one_card(self) -> None:
        """Of two cards one is chosen, where most are left over: a socket that hears all cards would get two."""
        wanted = {GroupOnCard(GROUP, ETH): 1, GroupOnCard(GROUP, WLAN): 3, GroupOnCard(OTHER, ETH): 1}
        self.assertEqual(raw_ways(wanted, (), Scan()), {GROUP: WLAN, OTHER: ETH})
