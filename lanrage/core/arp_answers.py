"""What the node says for members when this machine asks for their MACs on the LAN card (``docs/protocol-lan.rst``).

Ordinary sockets reach members by routes into the tunnel. A socket that is bound to the LAN card cannot follow those:
the kernel asks on the card for the member's MAC, and nobody but the node is there to answer.
"""

from __future__ import annotations

from ipaddress import IPv4Address

import attrs

from lanrage.core.lan_frames import PartyLan, derived_mac

REQUEST, REPLY = 1, 2
"""Operations of RFC 826."""


@attrs.frozen
class Arp:
    """An ARP packet for IPv4 on Ethernet (RFC 826).

    :param sender_mac: 6 bytes.
    :param target_mac: 6 bytes; without meaning in a request.
    """

    operation: int
    sender_mac: bytes
    sender: IPv4Address
    target_mac: bytes
    target: IPv4Address


def reply(asked: Arp, mac: bytes) -> Arp:
    """What says that the address that is asked for has this MAC."""
    return Arp(REPLY, mac, asked.target, asked.sender_mac, asked.sender)


def answer(asked: Arp, lan: PartyLan) -> Arp | None:
    """The answer to a packet that this machine sent on the LAN card.

    :return: ``None`` unless this member, by its own MAC and address, asks for a current member.
    """
    if asked.operation != REQUEST or asked.sender_mac != lan.mac or asked.sender != lan.address:
        return None
    mac = derived_mac(asked.target)
    return reply(asked, mac) if mac in lan.members else None
