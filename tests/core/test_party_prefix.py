"""A party's IPv6 network and its members' addresses."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.party_prefix import member_address, member_networks, party_prefix
from tests.strategies_lan import PREFIX

KNOWN = "fda4:fc4c:bf4b::/64"
IDS = st.binary(min_size=16, max_size=16).map(bytes.hex)


class PrefixTests(SynchronousTestCase):
    """All follows from the id and the IPv4 address."""

    def test_known(self) -> None:
        """The value must never change: members of other versions would not be reached."""
        self.assertEqual(party_prefix("00" * 16), IPv6Network(KNOWN))

    @given(IDS)
    def test_unique_local(self, party_id: str) -> None:
        """A /64 of RFC 4193 with subnet 0, the same each time."""
        prefix = party_prefix(party_id)
        packed = prefix.network_address.packed
        self.assertEqual((prefix.prefixlen, packed[0], packed[6:]), (64, 0xFD, bytes(10)))
        self.assertEqual(prefix, party_prefix(party_id))

    @given(IDS, IDS)
    def test_apart(self, one: str, two: str) -> None:
        """Other parties, other networks."""
        self.assertEqual(party_prefix(one) == party_prefix(two), one == two)

    @given(st.integers(0, 2**32 - 1).map(IPv4Address))
    def test_member(self, address: IPv4Address) -> None:
        """The address is in the network and ends as the IPv4 address."""
        six = member_address(PREFIX, address)
        self.assertIn(six, PREFIX)
        self.assertEqual((six.packed[8:12], six.packed[12:]), (bytes(4), address.packed))

    def test_networks(self) -> None:
        """WireGuard takes both addresses and nothing else; without IPv6 the one."""
        four = IPv4Network("10.66.0.2/32")
        six = IPv6Network((IPv6Address("fd10:6600::10.66.0.2"), 128))
        self.assertEqual(member_networks(IPv4Address("10.66.0.2"), PREFIX), (four, six))
        self.assertEqual(member_networks(IPv4Address("10.66.0.2"), None), (four,))
