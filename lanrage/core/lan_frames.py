"""Ethernet frames of the LAN card as values, and the addresses that a party member has on it.

Bytes become these values in :mod:`lanrage.wire.packets`; what may travel is said by :mod:`lanrage.core.frame_rules`.
The protocol is described in ``docs/protocol-lan.rst``.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from types import MappingProxyType

import attrs

from lanrage.core.lan_services import FORMS, SERVICES, LanService
from lanrage.core.party_prefix import member_address

Address = IPv4Address | IPv6Address

BROADCAST_MAC = b"\xff" * 6
LIMITED_BROADCAST = IPv4Address("255.255.255.255")
CARRIED_TTL = 1
"""Every carried datagram has this time to live (or that of its service, whose groups never leave a link): no router of
the receiver's network may pass it on."""

MAC_PREFIX = b"\x02\x66"
"""Locally administered unicast (bit 0x02), then our mark; the four bytes of the party address follow."""

GROUP_MAC_PREFIX = b"\x01\x00\x5e"
"""IPv4 groups map to this prefix and their low 23 bits (RFC 1112, 6.4)."""

GROUP6_MAC_PREFIX = b"\x33\x33"
"""IPv6 groups map to this prefix and their low 32 bits (RFC 2464, 7)."""


class Drop(Enum):
    """Why a frame was not carried or not injected; the value completes the counter's name ``dropped_...``.

    The set is closed, so every counter exists from the start.
    """

    # What the frame is (both ends).
    MALFORMED = "malformed"  # shorter than its headers say, or not a frame at all
    TOO_LONG = "too_long"  # more than a LAN card carries
    ARP = "arp"  # addresses of members are reached by routes, nobody asks for MACs
    IPV6 = "ipv6"  # this machine goes without IPv6 in this party
    ICMPV6 = "icmpv6"  # neighbour discovery, router advertisements, MLD: steer the receiver's network
    LINK_CONTROL = "link_control"  # STP, LLDP, EAPOL, PAUSE: steer switches and ports
    ETHERTYPE = "ethertype"  # neither IPv4, IPv6 nor IPX
    IGMP = "igmp"  # membership is the receiver's own affair
    PROTOCOL = "protocol"  # IP, but not UDP: an echo request to all would be answered by all
    IP_OPTIONS = "ip_options"  # source routes, router alert; in IPv6 any extension header
    IP_FRAGMENT = "ip_fragment"  # only whole datagrams can be checked
    CHECKSUM = "checksum"
    # Where it comes from and goes to (both ends).
    SOURCE = "source"  # inner IPv4 source or MAC is not the sender's own
    UNICAST = "unicast"  # has a way of its own: the tunnel
    DESTINATION = "destination"  # not this party's broadcast, nor a group that games use
    SERVICE = "service"  # ports that steer a machine or name its services (see SERVICE_PORTS)
    # From real cards only.
    CHATTER = "chatter"  # periodic noise of the desktop (see CHATTER_PORTS)
    # What arrives by the carrier.
    STRANGER = "stranger"  # source address or port is no current member's
    FLOOD = "flood"  # more than any game sends (see ARRIVALS_RATE)
    HEADER = "header"  # no frame of our protocol
    ORIGIN = "origin"  # claims another member's frame
    NOT_CANONICAL = "not_canonical"  # differs from what our own encoder makes of its values
    LEASE = "lease"  # a lease beyond what one member may have here, or of a frame that may not travel
    PARTS = "parts"  # parts that contradict each other, came too late or were too many
    # More than games send (see lanrage.core.lan_limits).
    STORM = "storm"  # repeats itself while its game or machine sends too much
    GAME_LIMIT = "game_limit"
    MEMBER_LIMIT = "member_limit"
    PARTY_LIMIT = "party_limit"
    # What the kernel refused on the way out.
    NO_PEER = "no_peer"  # ENOKEY, EDESTADDRREQ: WireGuard knows no key or no endpoint yet
    UNREACHABLE = "unreachable"  # no route, link down
    QUEUE_FULL = "queue_full"
    SEND = "send"  # anything else


@attrs.frozen
class Udp:
    """A whole UDP datagram in IPv4 or IPv6.

    :param payload: without the UDP header.
    :param ttl: IPv4's time to live, IPv6's hop limit.
    """

    source: Address
    destination: Address
    source_port: int
    destination_port: int
    payload: bytes
    ttl: int = CARRIED_TTL


@attrs.frozen
class Ipx:
    """An IPX packet in one of its four Ethernet framings.

    :param body: the frame from the type or length field on, without padding.
    """

    body: bytes


@attrs.frozen
class Frame:
    """An Ethernet frame whose content may be looked at.

    :param destination_mac: 6 bytes.
    :param source_mac: 6 bytes.
    """

    destination_mac: bytes
    source_mac: bytes
    content: Udp | Ipx


@attrs.frozen
class PartyLan:
    """The party's network as one member sees it.

    :param address: this member's party address.
    :param network: the party's subnet.
    :param members: the other members, by the MAC that each has on its card.
    :param prefix: the party's IPv6 network; ``None`` where this machine goes without.
    :param services: discovery services that are carried.
    :param guests: devices that take part through a member: that member's party address by theirs.
    """

    address: IPv4Address
    network: IPv4Network
    members: Mapping[bytes, IPv4Address] = MappingProxyType({})
    prefix: IPv6Network | None = None
    services: frozenset[LanService] = frozenset()
    guests: Mapping[IPv4Address, IPv4Address] = MappingProxyType({})

    @property
    def mac(self) -> bytes:
        """This member's MAC, 6 bytes."""
        return derived_mac(self.address)

    def address_for(self, member: IPv4Address, destination: Address) -> Address | None:
        """The address from which this member sends to `destination`, by its family; ``None`` without IPv6."""
        if isinstance(destination, IPv4Address):
            return member
        return None if self.prefix is None else member_address(self.prefix, member)


def derived_mac(address: Address) -> bytes:
    """The MAC of the member with this party address: ``02:66:a:b:c:d``, whose IPv6 address ends likewise."""
    return MAC_PREFIX + address.packed[-4:]


def destination_mac(address: Address) -> bytes:
    """The MAC that a datagram to this group, or else to all, is sent to (RFC 1112, 6.4; RFC 2464, 7)."""
    if not address.is_multicast:
        return BROADCAST_MAC
    low = address.packed
    if isinstance(address, IPv6Address):
        return GROUP6_MAC_PREFIX + low[12:]
    return GROUP_MAC_PREFIX + bytes((low[1] & 0x7F, low[2], low[3]))


def carried_ttl(destination: Address) -> int:
    """The time to live in which a datagram to this address is carried."""
    service = SERVICES.get(destination)
    return CARRIED_TTL if service is None else FORMS[service].ttl


IPX_ETHERTYPE = b"\x81\x37"
IPX_LLC = b"\xe0\xe0\x03"
IPX_SNAP = b"\xaa\xaa\x03\x00\x00\x00" + IPX_ETHERTYPE
MAX_802_3_LENGTH = 1500
"""A type field up to this value is a length instead (IEEE 802.3, 3.2.6)."""


def ipx_header_at(body: bytes) -> int | None:
    """Where the IPX header starts in a frame's body (from the type field on), by the four framings of IPX.

    :return: an offset, or ``None`` if this is no IPX.
    """
    if body[:2] == IPX_ETHERTYPE:
        return 2
    if int.from_bytes(body[:2], "big") > MAX_802_3_LENGTH:
        return None
    if body[2:4] == b"\xff\xff":
        return 2
    if body[2:5] == IPX_LLC:
        return 5
    return 10 if body[2:10] == IPX_SNAP else None
