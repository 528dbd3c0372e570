"""Whom a control server does not serve."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core import bans
from lanrage.core.bans import Bans
from lanrage.errors import BadInput

networks = st.one_of(
    st.tuples(st.ip_addresses(v=4).map(str), st.integers(0, 32)),
    st.tuples(st.ip_addresses(v=6).map(str), st.integers(0, 128)),
).map(lambda pair: "{}/{}".format(*pair))


class BansTests(SynchronousTestCase):
    """The list."""

    def test_lines(self) -> None:
        """Identities, addresses, networks, remarks and blank lines."""
        one, two = bytes(range(32)), bytes(32)
        found = Bans.parse(
            f"# bad people\n{one.hex()}  # him\n\n{two.hex().upper()}\n192.0.2.7\n2001:db8::5 # and his house\n"
        )
        self.assertEqual(frozenset({one, two}), found.identities)
        self.assertEqual(frozenset({ip_network("192.0.2.7/32"), ip_network("2001:db8::/64")}), found.networks)
        self.assertTrue(found.holds_origin("192.0.2.7"))
        self.assertTrue(found.holds_origin("2001:db8::/64"))
        self.assertFalse(found.holds_origin("192.0.2.8"))
        self.assertFalse(found.holds_origin(""))

    @given(listed=st.lists(networks, max_size=8), asked=st.ip_addresses())
    def test_networks(self, listed: list[str], asked: object) -> None:
        """An address is banned when a network of the list, an IPv6 one no longer than /64, holds it."""
        address = ip_address(str(asked))
        origin = str(address) if address.version == 4 else str(ip_network(f"{address}/64", strict=False))
        held = [ip_network(text, strict=False) for text in listed]
        wide = [n.supernet(new_prefix=64) if n.version == 6 and n.prefixlen > 64 else n for n in held]
        self.assertEqual(
            any(address in network for network in wide), Bans.parse("\n".join(listed)).holds_origin(origin)
        )

    @given(st.text(max_size=80))
    def test_any_text(self, text: str) -> None:
        """Any text is a list, or refused with the line's number."""
        try:
            Bans.parse(text)
        except BadInput as error:
            self.assertIn("line ", error.rule)

    def test_wrong_line(self) -> None:
        """It is named."""
        with self.assertRaises(BadInput) as caught:
            Bans.parse("192.0.2.7\nthat bad man\n")
        self.assertEqual("ban-file", caught.exception.field)
        self.assertIn("line 2", caught.exception.rule)

    def test_too_many(self) -> None:
        """The list is bounded."""
        text = "\n".join(f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}" for n in range(bans.BANS_LIMIT + 1))
        with self.assertRaises(BadInput):
            Bans.parse(text)
