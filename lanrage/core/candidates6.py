"""Candidates of IPv6: which addresses this node offers, and which of a peer's are fit to be probed (RFC 4291).

Here no NAT stands between, only firewalls that let answers in (RFC 6092): both ends ping, and both let the other in.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv6Address, IPv6Interface, IPv6Network

GLOBAL_UNICAST = IPv6Network("2000::/3")
"""All that is routed in the internet (RFC 4291, section 2.4, as IANA gives it out)."""
UNIQUE_LOCAL = IPv6Network("fc00::/7")
"""RFC 4193: reachable within its own /48 alone."""
SITE_PREFIX = 48
"""Bits of a unique local network that stand for one site (RFC 4193, section 3.1)."""
TRANSITION = tuple(IPv6Network(text) for text in ("2001::/32", "2002::/16"))
"""Teredo (RFC 4380) and 6to4 (RFC 3056): an IPv4 address in disguise, and slower than that address itself."""
OFFERED_LIMIT = 4
"""A card has a stable and a few temporary addresses (RFC 8981); one works where the other does."""


def is_site(text: str) -> bool:
    """Whether an IPv6 address in its canonical form is a unique local one; told by its first byte, quickly."""
    return text.startswith(("fc", "fd")) and text.find(":") == 4


def _site(address: IPv6Address) -> IPv6Network:
    return IPv6Network((address, SITE_PREFIX), strict=False)


def worth_offering(addresses: Iterable[IPv6Interface]) -> list[IPv6Address]:
    """This machine's addresses that friends elsewhere, or in the same site, may reach."""
    found = dict.fromkeys(each.ip for each in addresses if _routed(each.ip) or each.ip in UNIQUE_LOCAL)
    return sorted(found, key=lambda address: address in UNIQUE_LOCAL)[:OFFERED_LIMIT]


def fit_to_probe6(address: IPv6Address, own: Iterable[IPv6Interface]) -> bool:
    """Whether a peer's candidate may be probed.

    :param own: this machine's addresses; without one that could reach it, nothing is probed.
    """
    mine = {each.ip for each in own}
    if address in mine:
        return False
    if _routed(address):
        return any(_routed(each) for each in mine)
    return address in UNIQUE_LOCAL and any(each in UNIQUE_LOCAL and address in _site(each) for each in mine)


def _routed(address: IPv6Address) -> bool:
    return address in GLOBAL_UNICAST and not any(address in network for network in TRANSITION)
