"""Whom a control server does not serve: identities, addresses and networks, one a line of a file."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Self

import attrs

from lanrage.core.links import KEY_BYTES
from lanrage.errors import BadInput

FIELD = "ban-file"
BANS_LIMIT = 100_000
"""Lines that say something: about 30 MB of memory."""
SITE_PREFIX = 64
"""An IPv6 host has its /64 to itself (RFC 4291, 2.5.4): whoever is banned by address is banned with that."""

Network = IPv4Network | IPv6Network


@attrs.frozen
class Bans:
    """The list, ready to be asked.

    :param identities: Ed25519 public keys, 32 bytes each.
    :param networks: IPv4 networks, and IPv6 networks no longer than /64.
    """

    identities: frozenset[bytes] = frozenset()
    networks: frozenset[Network] = frozenset()
    _lengths: frozenset[tuple[int, int]] = attrs.field(init=False, repr=False)

    @_lengths.default
    def _find_lengths(self) -> frozenset[tuple[int, int]]:
        return frozenset((network.version, network.prefixlen) for network in self.networks)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a list: 64 hexadecimal digits, an address, or ADDRESS/LENGTH a line; ``#`` begins a remark.

        :raises BadInput: field ``ban-file``: names the line.
        """
        identities: set[bytes] = set()
        networks: set[Network] = set()
        for number, line in enumerate(text.splitlines(), 1):
            word = line.partition("#")[0].strip()
            if len(word) == 2 * KEY_BYTES and _is_hex(word):
                identities.add(bytes.fromhex(word))
            elif word:
                networks.add(_network(word, number))
            if len(identities) + len(networks) > BANS_LIMIT:
                raise BadInput(FIELD, f"it has more than {BANS_LIMIT} entries")
        return cls(frozenset(identities), frozenset(networks))

    def holds_origin(self, origin: str) -> bool:
        """Whether an address, or an IPv6 /64, is banned; the empty origin (this machine) never is."""
        if not origin or not self.networks:
            return False
        network = ip_network(origin)
        return any(
            network.supernet(new_prefix=length) in self.networks
            for version, length in self._lengths
            if version == network.version and length <= network.prefixlen
        )


def _network(word: str, number: int) -> Network:
    try:
        network = ip_network(word, strict=False)
    except ValueError as error:
        rule = f"line {number} is no identity (64 hexadecimal digits), address or network: {word[:80]!r}"
        raise BadInput(FIELD, rule) from error
    if isinstance(network, IPv6Network) and network.prefixlen > SITE_PREFIX:
        return network.supernet(new_prefix=SITE_PREFIX)
    return network


def _is_hex(word: str) -> bool:
    try:
        bytes.fromhex(word)
    except ValueError:
        return False
    return True
