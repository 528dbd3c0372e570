"""The party's subnet: free of everything that the creator's machine reaches."""

from __future__ import annotations

from ipaddress import IPv4Network

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.certificates import PARTY_BLOCKS
from lanrage.core.subnet import FALLBACKS, PREFERRED, PREFIX, choose_subnet, clash
from lanrage.errors import Refused
from tests.fakes_control import SeededRandom


def net(text: str) -> IPv4Network:
    """A network."""
    return IPv4Network(text)


def inside(block: IPv4Network) -> st.SearchStrategy[IPv4Network]:
    """Networks within a block, or around it."""
    return st.builds(
        lambda step, prefix: IPv4Network((int(block.network_address) + step, prefix), strict=False),
        st.integers(0, block.num_addresses - 1),
        st.integers(8, 32),
    )


networks = st.lists(st.sampled_from([PREFERRED, *FALLBACKS]).flatmap(inside), max_size=12)
draws = st.integers(0, 2**32 - 1)


class ChooseTests(SynchronousTestCase):
    """Which one is taken."""

    @settings(max_examples=25)
    @given(networks, draws)
    def test_never_clashes(self, taken: list[IPv4Network], drawn: int) -> None:
        """A private /24 that overlaps with nothing; refused only where nothing of the blocks is left."""
        try:
            subnet = choose_subnet(taken, lambda size: drawn.to_bytes(size, "big"))
        except Refused as error:
            self.assertEqual("subnet_clash", error.code)
            for block in FALLBACKS:
                for part in block.subnets(new_prefix=PREFIX):
                    self.assertTrue(any(part.overlaps(network) for network in taken))
            return
        self.assertEqual(PREFIX, subnet.prefixlen)
        self.assertTrue(any(subnet.subnet_of(block) for block in PARTY_BLOCKS))
        self.assertEqual([], [network for network in taken if network.overlaps(subnet)])
        self.assertIsNone(clash(subnet, taken))

    def test_drawn(self) -> None:
        """Within the preferred block, by chance, so that two parties rarely meet."""
        chosen = {choose_subnet([], SeededRandom(seed)) for seed in range(200)}
        self.assertGreater(len(chosen), 100)
        self.assertTrue(all(subnet.subnet_of(PREFERRED) for subnet in chosen))
        self.assertEqual(net("10.66.5.0/24"), choose_subnet([], lambda size: (5).to_bytes(size, "big")))

    def test_next_free_one(self) -> None:
        """Around the end of the block to its beginning; then the next block."""

        def last(size: int) -> bytes:
            return (255).to_bytes(size, "big")

        self.assertEqual(net("10.66.0.0/24"), choose_subnet([net("10.66.255.7/32")], last))
        self.assertEqual(net("172.16.255.0/24"), choose_subnet([net("10.0.0.0/8")], last))

    def test_clash_names_the_network(self) -> None:
        """The first that overlaps is told."""
        routed = [net("192.168.0.0/16"), net("10.66.0.0/15"), net("10.66.1.0/24")]
        self.assertEqual(net("10.66.0.0/15"), clash(net("10.66.1.0/24"), routed))
        self.assertIsNone(clash(net("10.68.1.0/24"), routed))
