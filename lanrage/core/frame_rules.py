"""What a LAN frame may do: rules for frames that leave (card, real cards), and apart from them for frames that arrive.

Inner frames are hostile until proven otherwise: a member is a near-stranger. So both ends check, the arriving end
without trust in the other (``docs/protocol-lan.rst``). All functions are pure.
"""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import IPv4Address, IPv4Network, IPv6Address

import attrs

from lanrage.core.groups6 import is_game_group6
from lanrage.core.lan_frames import (
    BROADCAST_MAC,
    LIMITED_BROADCAST,
    Address,
    Drop,
    Frame,
    Ipx,
    PartyLan,
    Udp,
    carried_ttl,
    derived_mac,
    destination_mac,
    ipx_header_at,
)
from lanrage.core.lan_services import FORMS, SERVICES, LanService

LINK_LOCAL_GROUPS = IPv4Network("224.0.0.0/24")
"""Local network control (RFC 5771, 4): routing, VRRP, IGMP, mDNS, LLMNR. Of these only ALL_HOSTS is used by games."""

ALL_HOSTS = IPv4Address("224.0.0.1")
SSDP_GROUP = IPv4Address("239.255.255.250")
"""UPnP and WS-Discovery: an answer names a device to be trusted on the local network (a gateway, a printer)."""

SYSTEM_PORTS = range(1024)
"""Ports of a machine's services (RFC 6335, 6), such as DHCP, NTP, NetBIOS, RIP, syslog; of the known LAN games only
Doom (:data:`DOOM_PORT`) uses one."""

DOOM_PORT = 666
"""Doom's registered port; nothing else is there."""

NEIGHBOUR_PORT = 4668
"""Where members look for each other on physical networks (:mod:`lanrage.wire.same_lan`)."""

SERVICE_PORTS = frozenset(
    {
        *SYSTEM_PORTS,
        1900,  # SSDP: names gateways; carried where the setting says so, as is
        3702,  # WS-Discovery: names printers and shares
        4011,  # network boot: names what a machine boots
        4666,  # our own carrier
        NEIGHBOUR_PORT,
        4789,  # VXLAN and
        8472,  # its older port: whole frames for a network inside
        5350,  # NAT-PMP and PCP announcements
        5351,  # and requests: open ports on gateways
        5353,  # mDNS: lists a machine's services to near-strangers
        5355,  # LLMNR: whoever answers first is the name
    }
) - {DOOM_PORT}
"""Not carried, as source or destination port, in either direction, from any card: they steer a machine, or name its
services. Those of :mod:`lanrage.core.lan_services` are carried from the LAN card where the party's members want it."""

CHATTER_PORTS = frozenset(
    {
        1716,  # KDE Connect (and America's Army, which is found only if it uses the LAN card)
        3289,  # scanner discovery (ENPC)
        8610,  # printer discovery (Canon) and
        8612,  # its scanners
        10001,  # network gear discovery
        17500,  # Dropbox LAN sync (and RalliSport Challenge, as above)
        21027,  # Syncthing
        57621,  # Spotify Connect
    }
)
"""Not carried from real cards: the desktop says these periodically to its own network, a game never does."""

IPX_HEADER_BYTES = 30
IPX_NO_CHECKSUM = b"\xff\xff"
"""Every IPX packet of a game starts so; what does not is not looked into."""

IPX_NODE = slice(22, 28)
"""Where the source node stands in an IPX header (checksum FFFF, length, control, type, two addresses of 12 bytes)."""


def outbound(frame: Frame, lan: PartyLan) -> Frame | Drop:
    """Judge a frame that this machine sent on its LAN card.

    :return: the frame in the form that travels, or why it does not.
    """
    if frame.source_mac != lan.mac:
        return Drop.SOURCE
    if isinstance(frame.content, Ipx):
        return _outbound_ipx(frame, frame.content, lan)
    if not frame.destination_mac[0] & 1:
        return Drop.UNICAST
    return _refuse_source(frame.content, lan.address, lan) or refuse_udp(frame.content, lan) or canonical(frame.content)


def captured(frame: Frame, lan: PartyLan, own: Collection[Address]) -> Frame | Drop:
    """Judge a frame that this machine sent on a real card, and move it into the party.

    Discovery services are not moved: what they say on a real card names its addresses.

    :param own: the addresses of this machine; what it only forwards is another's.
    :return: the frame as if sent on the LAN card, or why it stays.
    """
    content = frame.content
    if isinstance(content, Ipx):
        return Drop.ETHERTYPE
    if not frame.destination_mac[0] & 1:
        return Drop.UNICAST
    if content.source not in own or content.source.is_loopback:
        return Drop.SOURCE
    if content.source_port in CHATTER_PORTS or content.destination_port in CHATTER_PORTS:
        return Drop.CHATTER
    destination = content.destination
    if not destination.is_multicast and destination != LIMITED_BROADCAST:
        if frame.destination_mac != BROADCAST_MAC:
            return Drop.DESTINATION
        destination = lan.network.broadcast_address
    source = lan.address_for(lan.address, destination)
    if source is None:
        return Drop.IPV6
    moved = attrs.evolve(content, source=source, destination=destination)
    return refuse_udp(moved, attrs.evolve(lan, services=frozenset())) or canonical(moved)


def inbound(frame: Frame, origin: IPv4Address, lan: PartyLan) -> Drop | None:
    """Judge a frame that a member sent; nothing about it is believed but `origin`, which WireGuard proves.

    :param origin: the sender's certified party address.
    :return: why it is not injected, or ``None``.
    """
    if origin == lan.address or origin not in lan.network or frame.source_mac != derived_mac(origin):
        return Drop.SOURCE
    content = frame.content
    if isinstance(content, Ipx):
        if frame.destination_mac not in (BROADCAST_MAC, lan.mac):
            return Drop.DESTINATION
        return _refuse_ipx(content, frame.source_mac)
    refusal = _refuse_source(content, origin, lan)
    if refusal is not None:
        return refusal
    if frame.destination_mac != destination_mac(content.destination) or content.ttl != carried_ttl(content.destination):
        return Drop.NOT_CANONICAL
    return refuse_udp(content, lan)


def refuse_udp(content: Udp, lan: PartyLan) -> Drop | None:
    """The rules on destination and ports that both ends share."""
    if not is_party_wide(content.destination, lan.network, lan.services):
        return Drop.DESTINATION
    service = SERVICES.get(content.destination)
    if service is None:
        own_port = None
    else:
        own_port = FORMS[service].port
        if content.destination_port != own_port:
            return Drop.SERVICE
    ports = {content.source_port, content.destination_port} - {own_port}
    return None if ports.isdisjoint(SERVICE_PORTS) else Drop.SERVICE


def is_party_wide(address: Address, network: IPv4Network, services: frozenset[LanService] = frozenset()) -> bool:
    """Whether a datagram to this address is for the whole party: its broadcast addresses, groups that games use, and
    those of the services that are carried."""
    if address.is_multicast:
        return is_game_group(address) or SERVICES.get(address) in services
    return address in (LIMITED_BROADCAST, network.broadcast_address)


def is_game_group(group: Address) -> bool:
    """Whether frames to this multicast group are carried without being asked for."""
    if isinstance(group, IPv6Address):
        return is_game_group6(group)
    return group == ALL_HOSTS or (group not in LINK_LOCAL_GROUPS and group != SSDP_GROUP)


def canonical(content: Udp) -> Frame:
    """The one frame in which this datagram travels: derived MACs, the carried time to live."""
    return Frame(
        destination_mac(content.destination),
        derived_mac(content.source),
        attrs.evolve(content, ttl=carried_ttl(content.destination)),
    )


def _refuse_source(content: Udp, member: IPv4Address, lan: PartyLan) -> Drop | None:
    """A member sends from its own address of the destination's family."""
    expected = lan.address_for(member, content.destination)
    if expected is None:
        return Drop.IPV6
    return None if content.source == expected else Drop.SOURCE


def _outbound_ipx(frame: Frame, content: Ipx, lan: PartyLan) -> Frame | Drop:
    if frame.destination_mac != BROADCAST_MAC and frame.destination_mac not in lan.members:
        return Drop.DESTINATION
    return _refuse_ipx(content, lan.mac) or frame


def _refuse_ipx(content: Ipx, mac: bytes) -> Drop | None:
    """An IPX header, where there is one, names the sender's own card as its source node."""
    start = ipx_header_at(content.body)
    if start is None:
        return Drop.ETHERTYPE
    header = content.body[start:]
    if len(header) >= IPX_HEADER_BYTES and header[:2] == IPX_NO_CHECKSUM and header[IPX_NODE] not in (mac, bytes(6)):
        return Drop.SOURCE
    return None
