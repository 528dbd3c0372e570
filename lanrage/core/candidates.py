"""Candidates: the addresses at which a member may be reached, and which of a peer's are fit to be probed.

A peer's candidates are a stranger's claim. Probed without thought, they would aim a whole party's probes at a victim,
so they are few, and never point where no member can be.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Interface, ip_address

import attrs

from lanrage.core.candidates6 import fit_to_probe6, is_site, worth_offering
from lanrage.core.links import Endpoint, LocalAddress

CANDIDATE_LIMIT = 20
"""A laptop with many cards has ten; more helps no one but an attacker."""
PRIVATE_NETWORKS = tuple(
    IPv4Network(n) for n in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16")
)
"""RFC 1918, RFC 6598, RFC 3927: reachable only where a card of ours is in the same network."""


class CandidateKind(enum.StrEnum):
    """How an address was learnt; the order is the order of preference for a path."""

    LOCAL = "local"
    """An address of one of the member's own cards."""
    REFLEXIVE = "reflexive"
    """As a STUN reflector saw it (RFC 8489)."""
    MAPPED = "mapped"
    """A port that the router was asked to map (PCP, NAT-PMP, UPnP IGD)."""
    PEER = "peer"
    """As a probe of the peer itself came in: peer-reflexive (RFC 8445)."""
    PUNCHED = "punched"
    """Found by birthday probing between two hard NATs."""
    RELAY = "relay"
    """A port of a relay that forwards for this pair."""
    RELAY_TCP = "relay-tcp"
    """A port of this machine's loopback, behind which a relay is reached over the WebSocket port."""

    @property
    def relayed(self) -> bool:
        """Whether a relay stands between."""
        return self in (CandidateKind.RELAY, CandidateKind.RELAY_TCP)


RANK: dict[CandidateKind, int] = {
    CandidateKind.LOCAL: 0,
    CandidateKind.REFLEXIVE: 1,
    CandidateKind.MAPPED: 1,
    CandidateKind.PEER: 1,
    CandidateKind.PUNCHED: 1,
    CandidateKind.RELAY: 2,
    CandidateKind.RELAY_TCP: 3,
}
"""Kind first, quality second: lower is better."""
OFFERED = (CandidateKind.LOCAL, CandidateKind.REFLEXIVE, CandidateKind.MAPPED)
"""The kinds that a member may name as its own; the others each end finds by itself."""


@attrs.frozen
class Candidate:
    """One address and how it was learnt."""

    kind: CandidateKind
    endpoint: Endpoint

    @property
    def rank(self) -> int:
        """Lower is better. A card's IPv6 address of the internet is no sign of nearness, as one of IPv4's LANs is."""
        wide = self.kind is CandidateKind.LOCAL and ":" in self.endpoint.host and not is_site(self.endpoint.host)
        return RANK[CandidateKind.REFLEXIVE if wide else self.kind]


def is_private(address: IPv4Address) -> bool:
    """Whether an address is only reachable from within its own network."""
    return any(address in network for network in PRIVATE_NETWORKS)


def own_candidates(
    addresses: Iterable[LocalAddress],
    port: int,
    reflexive: Iterable[Endpoint],
    mapped: Iterable[Endpoint] = (),
    six: Iterable[IPv6Interface] = (),
) -> tuple[Candidate, ...]:
    """What this node offers: its cards' addresses with WireGuard's port, and how reflectors saw that port.

    A machine with many bridges for containers has more cards than the limit; what friends far away need stays in.

    :param addresses: those of the machine, without LANrage's own devices.
    :param port: WireGuard's listen port.
    :param mapped: where a router maps that port; one that reflectors see too is named once, as mapped.
    :param six: this machine's IPv6 addresses.
    """
    wide = [Endpoint(str(address), port) for address in worth_offering(six)]
    local = dict.fromkeys(Endpoint(str(a.address), port) for a in addresses if not a.address.is_loopback)
    seen = dict.fromkeys(mapped, CandidateKind.MAPPED)
    for endpoint in reflexive:
        seen.setdefault(endpoint, CandidateKind.REFLEXIVE)
    far = [Candidate(kind, endpoint) for endpoint, kind in seen.items() if endpoint not in (*local, *wide)]
    far = far[: CANDIDATE_LIMIT - len(wide)]
    kept = list(local)[: CANDIDATE_LIMIT - len(far) - len(wide)]
    return (*(Candidate(CandidateKind.LOCAL, endpoint) for endpoint in (*wide, *kept)), *far)


def fit_to_probe(
    endpoint: Endpoint,
    addresses: Iterable[LocalAddress],
    forbidden: Iterable[IPv4Network] = (),
    six: Iterable[IPv6Interface] = (),
) -> bool:
    """Whether a peer's candidate may be probed at all.

    :param addresses: this machine's own.
    :param forbidden: networks of parties: a path must not lead through the tunnel itself.
    :param six: this machine's own IPv6 addresses.
    """
    address = ip_address(endpoint.host)
    if not endpoint.port:
        return False
    if isinstance(address, IPv6Address):
        return fit_to_probe6(address, six)
    if address.is_multicast or address.is_loopback or address.is_unspecified or address.is_reserved:
        return False
    if address == IPv4Address("255.255.255.255") or any(address in network for network in forbidden):
        return False
    own = list(addresses)
    if any(address in (a.address, a.network.broadcast_address) for a in own if a.network.prefixlen < 31):
        return False
    if any(address == a.address for a in own):
        return False
    return not is_private(address) or any(address in a.network for a in own)
