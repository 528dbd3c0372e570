"""Which routes are leased."""

from __future__ import annotations

from ipaddress import IPv4Network

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.route_leases import LEASABLE, RouteLeases, leases

ALL, GROUPS = LEASABLE
DEFAULT, LAN = IPv4Network("0.0.0.0/0"), IPv4Network("192.168.1.0/24")
VPN = [IPv4Network("0.0.0.0/1"), IPv4Network("128.0.0.0/1")]


class LeaseTests(SynchronousTestCase):
    """Against what other routes there are."""

    def test_auto(self) -> None:
        """Where nothing leads there: no default route, none of a VPN in its place, none by hand."""
        cases: list[tuple[list[IPv4Network], set[IPv4Network]]] = [
            ([], {ALL, GROUPS}),
            ([LAN], {ALL, GROUPS}),
            ([DEFAULT], set()),
            (VPN, set()),
            ([GROUPS], {ALL}),
            ([IPv4Network("224.0.0.0/8")], {ALL, GROUPS}),
            ([ALL, LAN], {GROUPS}),
        ]
        for foreign, wanted in cases:
            self.assertEqual(leases(RouteLeases.AUTO, foreign), wanted)

    def test_others(self) -> None:
        """Always: beside a default route too; off: never."""
        self.assertEqual(leases(RouteLeases.ALWAYS, [DEFAULT, LAN]), {ALL, GROUPS})
        self.assertEqual(leases(RouteLeases.ALWAYS, [GROUPS]), {ALL})
        self.assertEqual(leases(RouteLeases.OFF, []), frozenset())

    @given(
        st.sampled_from(RouteLeases),
        st.lists(st.sampled_from([DEFAULT, LAN, ALL, GROUPS, *VPN])),
    )
    def test_never_replaced(self, mode: RouteLeases, foreign: list[IPv4Network]) -> None:
        """No route of somebody else is leased."""
        self.assertFalse(leases(mode, foreign) & set(foreign))
