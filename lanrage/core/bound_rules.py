"""Unicast of sockets that are bound to the LAN card: what may leave by the tunnel, what comes back to them.

Such a socket's datagram to a member is a frame on the card. It leaves by the tunnel as it would from any other socket;
so nothing is asked of the far side. What comes by the tunnel for such a socket is put onto the card
(``docs/protocol-lan.rst``).
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address

import attrs

from lanrage.core.frame_rules import SERVICE_PORTS
from lanrage.core.lan_frames import CARRIED_TTL, Drop, Frame, PartyLan, Udp, derived_mac

UDP = 17
"""The protocol's number (RFC 768)."""

MAX_PORTS = 32
"""Ports of sockets on the card that are served at once; a game has a handful."""


@attrs.frozen
class Head:
    """The head of an IPv4 packet in an Ethernet frame.

    :param destination_mac: 6 bytes.
    :param source_mac: 6 bytes.
    :param source_port: of UDP; 0 where the packet is a later part of a split datagram.
    """

    destination_mac: bytes
    source_mac: bytes
    source: IPv4Address
    destination: IPv4Address
    protocol: int
    source_port: int = 0


@attrs.frozen
class UdpSocket:
    """A UDP socket of this machine.

    :param address: that it is bound to; ``0.0.0.0`` for any. IPv4 sockets, and IPv6 sockets that take IPv4 as well.
    :param device: interface index that it is bound to, 0 for none.
    """

    address: IPv4Address
    port: int
    device: int = 0


def leaving(head: Head, lan: PartyLan) -> Drop | None:
    """Why a unicast packet that this machine sent on the LAN card does not leave by the tunnel; ``None`` if it may."""
    if head.source_mac != lan.mac or head.source != lan.address:
        return Drop.SOURCE
    if lan.members.get(head.destination_mac) != head.destination:
        return Drop.DESTINATION
    return None if head.protocol == UDP else Drop.PROTOCOL


def arriving(datagram: Udp, lan: PartyLan) -> Frame | Drop:
    """The frame on the LAN card of a datagram that came by the tunnel; or why there is none."""
    mac = derived_mac(datagram.source)
    if mac not in lan.members:
        return Drop.STRANGER
    if datagram.destination != lan.address:
        return Drop.DESTINATION
    if datagram.source_port in SERVICE_PORTS or datagram.destination_port in SERVICE_PORTS:
        return Drop.SERVICE
    return Frame(lan.mac, mac, attrs.evolve(datagram, ttl=CARRIED_TTL))


def served_ports(sockets: Iterable[UdpSocket], card: int) -> frozenset[int]:
    """The ports of sockets that are bound to the card with this index, the lowest :data:`MAX_PORTS`.

    Services are left out: a DHCP client that somebody lets loose on the card is not to hear members.
    """
    ports = {each.port for each in sockets if each.device == card} - SERVICE_PORTS
    return frozenset(sorted(ports)[:MAX_PORTS])
