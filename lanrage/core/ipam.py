"""The party's addresses: an identity keeps its own, also after it left, for as long as there are others to give."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network

import attrs


@attrs.frozen
class Claim:
    """Who holds an address.

    :param since: when its holder left, seconds since the epoch; ``None`` for a member or a reservation.
    """

    address: IPv4Address
    left: float | None


def choose_address(network: IPv4Network, claims: Mapping[bytes, Claim], identity: bytes) -> IPv4Address | None:
    """The address for an identity.

    Its own, else the lowest that nobody claims, else that of the one who left longest ago.

    :param claims: by identity: members, those who left, reservations.
    :returns: ``None`` when every address belongs to a member or is reserved.
    """
    if identity in claims:
        return claims[identity].address
    taken = {claim.address for claim in claims.values()}
    for address in network.hosts():
        if address not in taken:
            return address
    left = [claim for claim in claims.values() if claim.left is not None]
    return min(left, key=_longest_ago).address if left else None


def _longest_ago(claim: Claim) -> tuple[float, IPv4Address]:
    return (claim.left or 0.0, claim.address)
