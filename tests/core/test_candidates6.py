"""IPv6 candidates: what is offered, and what may be probed."""

from __future__ import annotations

from ipaddress import IPv6Address, IPv6Interface

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanrage.core.candidates import CANDIDATE_LIMIT, Candidate, CandidateKind, fit_to_probe, own_candidates
from lanrage.core.candidates6 import OFFERED_LIMIT, UNIQUE_LOCAL, fit_to_probe6, is_site, worth_offering
from lanrage.core.links import Endpoint
from lanrage.errors import BadInput

ME, SITE_ME = IPv6Interface("2001:db8:1::7/64"), IPv6Interface("fd12:3456:789a:1::7/64")
six = st.integers(0, 2**128 - 1).map(IPv6Address)
somewhere = st.one_of(
    six,
    st.integers(0, 2**64).map(lambda low: IPv6Address((0x20010DB800020000 << 64) + low)),
    st.integers(0, 2**64).map(lambda low: IPv6Address((0xFD123456789A0001 << 64) + low)),
    st.sampled_from(["::", "::1", "fe80::1", "ff02::1", "::ffff:8.8.8.8", "2002:808:808::1", "2001::1"]).map(
        IPv6Address
    ),
)
cards = st.lists(st.tuples(somewhere, st.integers(1, 128)).map(IPv6Interface), max_size=12)


class TestFit:
    """What may be probed."""

    @given(somewhere, cards)
    def test_never_nobody(self, address: IPv6Address, own: list[IPv6Interface]) -> None:
        """Loopback, multicast, link-local, mapped IPv4, tunnels and this machine itself are refused."""
        fit = fit_to_probe6(address, own)
        if address.is_loopback or address.is_multicast or address.is_link_local or address.is_unspecified:
            assert not fit
        if address.ipv4_mapped is not None or address.sixtofour is not None or address.teredo is not None:
            assert not fit
        if address in {each.ip for each in own}:
            assert not fit

    def test_examples(self) -> None:
        """The internet from where we are in it; a site from within it alone."""
        far, near, other = IPv6Address("2001:db8:2::9"), IPv6Address("fd12:3456:789a:2::9"), IPv6Address("fd99::9")
        assert fit_to_probe6(far, [ME])
        assert not fit_to_probe6(far, [SITE_ME])
        assert not fit_to_probe6(far, [])
        assert fit_to_probe6(near, [SITE_ME])
        assert not fit_to_probe6(near, [ME])
        assert not fit_to_probe6(other, [ME, SITE_ME])
        assert fit_to_probe(Endpoint(str(far), 5), (), (), [ME])
        assert not fit_to_probe(Endpoint(str(far), 0), (), (), [ME])


class TestOffer:
    """What is offered."""

    @given(cards)
    def test_few_and_reachable(self, own: list[IPv6Interface]) -> None:
        """At most a handful, each of which a peer in the same site would probe; the internet's come first."""
        offered = worth_offering(own)
        assert len(offered) <= OFFERED_LIMIT
        for address in offered:
            assert fit_to_probe6(address, [IPv6Interface(f"{address + 1}/64")])
        assert offered == sorted(offered, key=lambda address: address.is_private and address >= IPv6Address("fc00::"))

    def test_beside_ipv4(self) -> None:
        """They are local candidates of WireGuard's port, and what reflectors saw stays in."""
        reflexive = [Endpoint("203.0.113.7", port) for port in range(1, 40)]
        found = own_candidates((), 51820, reflexive, (), [ME])
        assert len(found) == CANDIDATE_LIMIT
        assert (found[0].kind, found[0].endpoint) == (CandidateKind.LOCAL, Endpoint("2001:db8:1::7", 51820))

    def test_once(self) -> None:
        """An address that others see as it is needs no second mention."""
        own = Endpoint("2001:db8:1::7", 51820)
        assert [candidate.endpoint for candidate in own_candidates((), 51820, [own], [own], [ME])] == [own]


class TestRank:
    """Which kind of way it is."""

    @given(st.integers(0, 2**128 - 1).map(IPv6Address))
    def test_nearness(self, address: IPv6Address) -> None:
        """A unique local address is as near as a LAN of IPv4, no other is: quality decides beside IPv4 from afar."""
        local = Candidate(CandidateKind.LOCAL, Endpoint(str(address), 5))
        far = Candidate(CandidateKind.REFLEXIVE, Endpoint("203.0.113.7", 5))
        near = Candidate(CandidateKind.LOCAL, Endpoint("192.168.1.7", 5))
        assert is_site(str(address)) == (address in UNIQUE_LOCAL)
        assert local.rank == (near if address in UNIQUE_LOCAL else far).rank
        assert near.rank < far.rank

    @given(st.integers(0, 2**121 - 1))
    def test_unique_local(self, rest: int) -> None:
        """The whole of fc00::/7."""
        assert is_site(str(UNIQUE_LOCAL[rest]))

    def test_other_names_of_an_address(self) -> None:
        """With a scope, or IPv4 in IPv6, one address would have many names, each with a budget of its own."""
        for text in ("[2001:db8::7%1]:5", "[fe80::1%eth0]:5", "[::ffff:192.0.2.1]:5"):
            with pytest.raises(BadInput):
                Endpoint.parse(text)
