"""The UDP port of the party channel, inside the tunnel (``docs/protocol-party.rst``).

It is owned as the LAN plane's port is (:mod:`lanrage.net.lan_port`): bound on all addresses without ``SO_REUSEADDR``,
so that no other local program can have it on any address, and none can send from it. What comes by another device than
the tunnel, from another port or for another address than the party's is refused.
"""

from __future__ import annotations

from ipaddress import IPv4Address

from twisted.internet.interfaces import IReactorFDSet

from lanrage.core.exposure import PARTY_PORT
from lanrage.net.lan_port import LanPort


def party_port(reactor: IReactorFDSet, address: IPv4Address, device: str | None) -> LanPort:
    """The port, not open yet.

    :param address: this member's party address.
    :param device: the tunnel's name.
    """
    return LanPort(reactor, address, device, PARTY_PORT, title="party port")
