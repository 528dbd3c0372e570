"""Whether a mapped port can be reached from the internet, as far as addresses tell (``docs/links.rst``)."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, ip_address

from lanrage.core.candidates import is_private

CARRIER = IPv4Network("100.64.0.0/10")
"""Shared by an internet provider's customers behind its own NAT (RFC 6598)."""


def is_public(text: str) -> bool:
    """Whether an address is one that the whole internet could reach."""
    address = ip_address(text)
    if not isinstance(address, IPv4Address) or is_private(address):
        return False
    return not (address.is_loopback or address.is_multicast or address.is_unspecified or address.is_reserved)


def closed_because(external: str, seen: Iterable[str]) -> str:
    """Why nobody outside reaches a port that a router mapped; empty = nothing speaks against it.

    :param external: the router's own outside address, as it says.
    :param seen: addresses under which reflectors see this machine.
    """
    outside = sorted({host for host in seen if is_public(host)})
    if external in outside:
        return ""
    if not is_public(external):
        address = ip_address(external)
        if isinstance(address, IPv4Address) and address in CARRIER:
            return f"the router's own address {external} is shared by the provider's NAT (CGNAT), which maps no ports"
        return f"the router's own address {external} is not public: another router is before it (double NAT)"
    if outside:
        return (
            f"the router says it is {external}, yet others see {outside[0]}: another router is before it (double NAT)"
        )
    return ""
