"""A party's IPv6 network, and its members' addresses in it: they follow from the party's id and the IPv4 addresses.

So every member knows them without a word of the control plane. The network is a unique local one (RFC 4193): ``fd``,
40 bits of a hash, subnet 0. A member's interface identifier is its IPv4 party address: ``fdxx:xxxx:xxxx::10.66.0.1``.
"""

from __future__ import annotations

from hashlib import blake2b
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

LABEL = b"lanrage party prefix 1"
"""Keeps this hash apart from all others of a party's id."""

UNIQUE_LOCAL = b"\xfd"
"""fc00::/7 with the bit "locally assigned" (RFC 4193, 3.1)."""

GLOBAL_ID_BYTES = 5
SUBNET_AND_HOST_BYTES = 10
PREFIX = 64


def party_prefix(party_id: str) -> IPv6Network:
    """The /64 of a party.

    :param party_id: 32 hexadecimal digits.
    """
    global_id = blake2b(bytes.fromhex(party_id), digest_size=GLOBAL_ID_BYTES, key=LABEL).digest()
    return IPv6Network((UNIQUE_LOCAL + global_id + bytes(SUBNET_AND_HOST_BYTES), PREFIX))


def member_address(prefix: IPv6Network, address: IPv4Address) -> IPv6Address:
    """The IPv6 address of the member with this party address."""
    return IPv6Address(int(prefix.network_address) | int(address))


def member_networks(address: IPv4Address, prefix: IPv6Network | None) -> tuple[IPv4Network | IPv6Network, ...]:
    """What WireGuard takes from a member and sends to it.

    :param prefix: of the party; ``None`` where this machine goes without IPv6.
    """
    four = IPv4Network(address)
    return (four,) if prefix is None else (four, IPv6Network(member_address(prefix, address)))
