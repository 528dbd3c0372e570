"""Which private network a new party takes: clear of everything that its creator's machine already reaches."""

from __future__ import annotations

from collections.abc import Callable, Collection
from ipaddress import IPv4Network, IPv6Network
from typing import TypeVar

from lanrage.errors import Refused

Network = TypeVar("Network", IPv4Network, IPv6Network)

PREFIX = 24
"""254 addresses; a party has at most 64 members, and addresses stay with whoever left."""
PREFERRED = IPv4Network("10.66.0.0/16")
"""The first choice: a corner of 10/8 that routers rarely ship with."""
FALLBACKS = tuple(IPv4Network(n) for n in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
"""Private networks (RFC 1918), from which a free part is taken when the first choice is not free."""


def clash(subnet: Network, networks: Collection[Network]) -> Network | None:
    """The network of this machine that overlaps with `subnet`, or ``None``."""
    return next((network for network in networks if network.overlaps(subnet)), None)


def choose_subnet(networks: Collection[IPv4Network], random: Callable[[int], bytes]) -> IPv4Network:
    """A free /24. Drawn, so that two parties that a friend joins rarely share one.

    :param networks: that this machine has routes to, the default route left out.
    :raises Refused: ``subnet_clash`` when every private network is taken.
    """
    for block in (PREFERRED, *FALLBACKS):
        count = 1 << (PREFIX - block.prefixlen)
        start = int.from_bytes(random(4), "big") % count
        for step in range(count):
            base = int(block.network_address) + ((start + step) % count << (32 - PREFIX))
            subnet = IPv4Network((base, PREFIX))
            if clash(subnet, networks) is None:
                return subnet
    raise Refused("subnet_clash", "every private network is taken by this machine's routes")
