"""What travels between a guest and its party for all (``docs/guests.rst``): whole datagrams of UDP in IPv4. Pure."""

from __future__ import annotations

from ipaddress import IPv4Address

import attrs

from lanrage.core import frame_rules
from lanrage.core.lan_frames import Drop, Frame, PartyLan, Udp


def from_guest(datagram: Udp, guest: IPv4Address, lan: PartyLan) -> Frame | Drop:
    """Judge a datagram for all that a guest sent into the tunnel.

    Discovery services are not carried: they name devices and services of networks that the party does not have.

    :param guest: whose WireGuard key it came by.
    :return: the frame in the form that travels, with the guest as its source, or why it does not.
    """
    if datagram.source != guest:
        return Drop.SOURCE
    plain = attrs.evolve(lan, services=frozenset())
    return frame_rules.refuse_udp(datagram, plain) or frame_rules.canonical(datagram)


def to_guest(frame: Frame, guest: IPv4Address) -> Udp | None:
    """The datagram by which a guest hears a frame: to its own address, since 255.255.255.255 and a group lead to one
    WireGuard peer at most; source, ports and content are the frame's.

    :return: ``None`` for what guests are not told: IPX, IPv6, what is for one machine, their own.
    """
    content = frame.content
    if not isinstance(content, Udp) or not isinstance(content.destination, IPv4Address):
        return None
    if not frame.destination_mac[0] & 1 or content.source == guest:
        return None
    return attrs.evolve(content, destination=guest)
