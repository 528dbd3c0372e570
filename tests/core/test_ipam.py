"""The address pool: own first, then the lowest free, then the one given up longest ago."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.ipam import Claim, choose_address

NETWORK = IPv4Network("10.5.0.0/28")
HOSTS = list(NETWORK.hosts())
claims = st.dictionaries(
    st.integers(0, 30).map(lambda number: bytes([number])),
    st.builds(Claim, st.sampled_from(HOSTS), st.none() | st.floats(0, 100)),
    max_size=20,
)


class PoolTests(SynchronousTestCase):
    """One network of 14 addresses."""

    def test_lowest_free(self) -> None:
        """Gaps are filled first."""
        held = {b"a": Claim(HOSTS[0], None), b"b": Claim(HOSTS[2], 5.0)}
        self.assertEqual(HOSTS[1], choose_address(NETWORK, held, b"new"))
        self.assertEqual(HOSTS[2], choose_address(NETWORK, held, b"b"))

    def test_exhausted(self) -> None:
        """The one who left longest ago gives way; members never do."""
        held = {bytes([n]): Claim(host, None) for n, host in enumerate(HOSTS)}
        self.assertIsNone(choose_address(NETWORK, held, b"new"))
        held[b"\x05"] = Claim(HOSTS[5], 9.0)
        held[b"\x07"] = Claim(HOSTS[7], 3.0)
        self.assertEqual(HOSTS[7], choose_address(NETWORK, held, b"new"))

    @given(held=claims, identity=st.integers(0, 40).map(lambda number: bytes([number])))
    def test_rules(self, held: dict[bytes, Claim], identity: bytes) -> None:
        """Whatever is held: an address of the network, never a member's, stable for its owner."""
        chosen = choose_address(NETWORK, held, identity)
        if identity in held:
            self.assertEqual(held[identity].address, chosen)
            return
        taken = {claim.address for claim in held.values()}
        members = {claim.address for claim in held.values() if claim.left is None}
        if len(taken) < len(HOSTS):
            self.assertEqual(min(set(HOSTS) - taken), chosen)
        elif chosen is None:
            self.assertEqual(set(), {claim.address for claim in held.values() if claim.left is not None})
        else:
            self.assertIsInstance(chosen, IPv4Address)
            self.assertIn(chosen, {claim.address for claim in held.values() if claim.left is not None})
            self.assertFalse(chosen in members and all(c.left is None for c in held.values()))
