"""Which games bound to a real address get what is sent to the party address (``docs/protocol-lan.rst``).

Such a game's broadcast is carried with the party address as its source, so the answers go there, and no socket of the
game is bound to it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from ipaddress import IPv4Address

from lanrage.core.bound_rules import UdpSocket

MAX_PLACES = 64
"""Ports translated at once; a machine runs a few games, each with a handful of sockets."""

ANY = IPv4Address(0)


def needs_translation(
    sockets: Iterable[UdpSocket], real: IPv4Address, party: IPv4Address, heard_by: Collection[int]
) -> bool:
    """Whether what comes for the party address on a port is to go to `real`.

    :param sockets: all on that port.
    :param real: the address from which a datagram was seen.
    :param heard_by: of the devices that a socket may be bound to, those that hear the tunnel: 0 (none) and the
        tunnel's own index.
    :return: true where a socket is bound to exactly this address, and none hears the party address anyway.
    """
    addresses = {each.address for each in sockets if each.device in heard_by}
    return real in addresses and not addresses & {ANY, party}
