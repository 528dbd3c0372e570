"""Candidates: nobody's probes are aimed where no member can be."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.candidates import (
    CANDIDATE_LIMIT,
    Candidate,
    CandidateKind,
    fit_to_probe,
    is_private,
    own_candidates,
)
from lanrage.core.links import Endpoint, LocalAddress
from tests.strategies_links import endpoints, ports

PARTY = IPv4Network("10.66.3.0/24")


def within(*networks: str) -> st.SearchStrategy[IPv4Address]:
    """Addresses of these networks."""
    chosen = [IPv4Network(text) for text in networks]
    return st.sampled_from(chosen).flatmap(
        lambda net: st.integers(0, net.num_addresses - 1).map(lambda step: net.network_address + step)
    )


def card(text: str, name: str = "eth0") -> LocalAddress:
    """A card with an address such as ``192.168.1.5/24``."""
    host, _, prefix = text.partition("/")
    return LocalAddress(name, 2, IPv4Address(host), IPv4Network(f"{host}/{prefix}", strict=False), True)


cards = st.lists(
    st.builds(
        lambda address, prefix: card(f"{address}/{prefix}"),
        within("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "8.0.0.0/8"),
        st.integers(8, 32),
    ),
    max_size=4,
)
many_cards = st.lists(cards, max_size=12).map(lambda parts: [each for part in parts for each in part])
anywhere = st.integers(0, 2**32 - 1).map(IPv4Address)


class FitTests(SynchronousTestCase):
    """What may be probed."""

    @given(
        within("224.0.0.0/4", "127.0.0.0/8", "255.255.255.255/32", "0.0.0.0/32", "240.0.0.0/4", str(PARTY)),
        ports,
        cards,
    )
    def test_never_nobody(self, address: IPv4Address, port: int, own: list[LocalAddress]) -> None:
        """Multicast, loopback, broadcast, reserved and party addresses are refused, whatever cards there are."""
        wide = [*own, card(f"{address}/8"), card("224.0.0.1/4")]
        self.assertFalse(fit_to_probe(Endpoint(str(address), port), own, (PARTY,)))
        self.assertFalse(fit_to_probe(Endpoint(str(address), port), wide, (PARTY,)))

    @given(cards, st.data())
    def test_never_own_nor_broadcast(self, own: list[LocalAddress], data: st.DataObject) -> None:
        """This machine's own addresses and its networks' broadcast addresses are refused."""
        for each in own:
            bad = {each.address}
            if each.network.prefixlen < 31:
                bad.add(each.network.broadcast_address)
            for address in bad:
                self.assertFalse(fit_to_probe(Endpoint(str(address), data.draw(ports)), own))

    @given(within("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16"), cards)
    def test_foreign_private_networks(self, address: IPv4Address, own: list[LocalAddress]) -> None:
        """A private address is probed exactly where a card of ours is in its network, and it is neither us nor all."""
        near = any(address in each.network for each in own)
        taken = {each.address for each in own}
        taken |= {each.network.broadcast_address for each in own if each.network.prefixlen < 31}
        self.assertTrue(is_private(address))
        self.assertEqual(near and address not in taken, fit_to_probe(Endpoint(str(address), 1), own))

    @given(anywhere, ports)
    def test_public(self, address: IPv4Address, port: int) -> None:
        """On a machine without cards exactly the public addresses of single hosts are left."""
        public = not (
            is_private(address)
            or address.is_multicast
            or address.is_loopback
            or address.is_reserved
            or address.is_unspecified
        )
        self.assertEqual(public, fit_to_probe(Endpoint(str(address), port), ()))

    def test_examples(self) -> None:
        """One of each, so that the properties are not true for the wrong reason."""
        own = [card("192.168.1.5/24"), card("198.51.100.9/32"), card("10.1.0.0/31")]
        fit = {
            "8.8.8.8": True,
            "192.168.1.6": True,
            "192.168.2.6": False,
            "192.168.1.255": False,
            "192.168.1.5": False,
            "198.51.100.9": False,
            "10.1.0.1": True,
            "10.1.0.0": False,
            "2001:db8::1": False,
            "ff02::1": False,
        }
        self.assertEqual(fit, {host: fit_to_probe(Endpoint(host, 5), own) for host in fit})
        self.assertFalse(fit_to_probe(Endpoint("8.8.8.8", 0), own))


class OwnTests(SynchronousTestCase):
    """What is offered."""

    def test_order(self) -> None:
        """Cards first, then what reflectors saw; loopback and what is known already are left out."""
        seen = (Endpoint("203.0.113.7", 4000), Endpoint("192.168.1.5", 51820), Endpoint("203.0.113.7", 4000))
        own = own_candidates([card("127.0.0.1/8"), card("192.168.1.5/24")], 51820, seen)
        self.assertEqual(
            (
                Candidate(CandidateKind.LOCAL, Endpoint("192.168.1.5", 51820)),
                Candidate(CandidateKind.REFLEXIVE, Endpoint("203.0.113.7", 4000)),
            ),
            own,
        )

    def test_mapped(self) -> None:
        """What a router maps is named as such, once, before what reflectors saw."""
        mapped, seen = Endpoint("203.0.113.7", 51820), Endpoint("203.0.113.7", 4000)
        own = own_candidates([card("192.168.1.5/24")], 51820, (seen, mapped), (mapped,))
        self.assertEqual(
            [(CandidateKind.MAPPED, mapped), (CandidateKind.REFLEXIVE, seen)],
            [(candidate.kind, candidate.endpoint) for candidate in own[1:]],
        )

    @given(many_cards, st.lists(endpoints, max_size=8), st.lists(endpoints, max_size=2))
    def test_bounded(self, own: list[LocalAddress], seen: list[Endpoint], mapped: list[Endpoint]) -> None:
        """At most the limit, each once; what is known from outside is never crowded out by a machine's many cards."""
        offered = own_candidates(own, 51820, seen, mapped)
        self.assertLessEqual(len(offered), CANDIDATE_LIMIT)
        self.assertEqual(len(offered), len({candidate.endpoint for candidate in offered}))
        self.assertLessEqual({*seen, *mapped}, {candidate.endpoint for candidate in offered})
