"""Ethernet, IPv4, IPv6 and IPX between bytes and :mod:`lanrage.core.lan_frames` (RFC 894, RFC 791, RFC 2464).

Reading never raises: bytes are a frame, or a :class:`~lanrage.core.lan_frames.Drop` that says what they lack.
"""

from __future__ import annotations

import struct
from ipaddress import IPv6Address

from lanrage.core.lan_frames import Drop, Frame, Ipx, Udp, ipx_header_at
from lanrage.wire.packets6 import read_ipv6, write_ipv6
from lanrage.wire.udp_body import PROTOCOL_UDP, UDP_BYTES, checksum, read_udp, write_udp

ETHERNET_BYTES = 14
MAX_PACKET_BYTES = 9000
"""The largest IP packet in a frame: what cards with jumbo frames take at once, and eight parts of the carrier hold
(:data:`lanrage.wire.frames.MAX_PARTS`). Games' datagrams are smaller: Steam's and Unreal's fit an Ethernet frame."""

MAX_FRAME_BYTES = ETHERNET_BYTES + MAX_PACKET_BYTES
IPV4_BYTES = 20
MAX_802_3_LENGTH = 1500

TYPE_IPV4 = 0x0800
TYPE_IPV6 = 0x86DD
TYPE_IPX = 0x8137
KNOWN_TYPES = {
    0x0806: Drop.ARP,
    0x8035: Drop.ARP,  # reverse ARP
    0x8808: Drop.LINK_CONTROL,  # PAUSE
    0x888E: Drop.LINK_CONTROL,  # EAPOL
    0x88CC: Drop.LINK_CONTROL,  # LLDP
}
LINK_CONTROL_MAC = b"\x01\x80\xc2\x00\x00"
"""Bridges answer these groups themselves (IEEE 802.1D, 7.12.6): STP, PAUSE, LLDP, GVRP."""

PROTOCOL_IGMP = 2
DONT_FRAGMENT = 0x4000
FRAGMENT_BITS = 0x3FFF
"""More-fragments flag and offset."""

_IPV4 = struct.Struct("!BBHHHBBH4s4s")


def read_frame(frame: bytes, finished: bool = True) -> Frame | Drop:
    """Take a frame apart.

    :param frame: from the destination MAC on, without frame check sequence; padding is allowed.
    :param finished: the checksums are final; those of frames captured before the card finishes them are not.
    """
    if len(frame) > MAX_FRAME_BYTES:
        return Drop.TOO_LONG
    if len(frame) < ETHERNET_BYTES:
        return Drop.MALFORMED
    if frame[:5] == LINK_CONTROL_MAC:
        return Drop.LINK_CONTROL
    ethertype = int.from_bytes(frame[12:14], "big")
    if ethertype == TYPE_IPV4:
        content: Udp | Ipx | Drop = _read_ipv4(frame[ETHERNET_BYTES:], finished)
    elif ethertype == TYPE_IPV6:
        content = read_ipv6(frame[ETHERNET_BYTES:], finished)
    else:
        content = _read_other(frame[12:], ethertype)
    return content if isinstance(content, Drop) else Frame(frame[:6], frame[6:12], content)


def write_frame(frame: Frame) -> bytes:
    """Build a frame: no padding, identification 0, don't-fragment set, all checksums computed."""
    macs = frame.destination_mac + frame.source_mac
    if isinstance(frame.content, Ipx):
        return macs + frame.content.body
    if isinstance(frame.content.destination, IPv6Address):
        return macs + b"\x86\xdd" + write_ipv6(frame.content)
    return macs + b"\x08\x00" + write_ipv4(frame.content)


def write_ipv4(content: Udp, ttl: int | None = None) -> bytes:
    """The IPv4 packet of a datagram.

    :param ttl: instead of the datagram's own.
    """
    udp = write_udp(content)
    source, destination = content.source.packed, content.destination.packed
    time_to_live = content.ttl if ttl is None else ttl
    length = IPV4_BYTES + len(udp)
    head = (0x45, 0, length, 0, DONT_FRAGMENT, time_to_live, PROTOCOL_UDP)
    blank = _IPV4.pack(*head, 0, source, destination)
    return _IPV4.pack(*head, checksum(blank), source, destination) + udp


def _read_other(body: bytes, ethertype: int) -> Ipx | Drop:
    known = KNOWN_TYPES.get(ethertype)
    if known is not None:
        return known
    if ipx_header_at(body) is None:
        return Drop.ETHERTYPE
    if ethertype > MAX_802_3_LENGTH:
        return Ipx(body)
    if len(body) < 2 + ethertype:
        return Drop.MALFORMED
    trimmed = body[: 2 + ethertype]
    return Ipx(trimmed) if ipx_header_at(trimmed) is not None else Drop.MALFORMED


def _read_ipv4(packet: bytes, finished: bool) -> Udp | Drop:
    if len(packet) < IPV4_BYTES:
        return Drop.MALFORMED
    version, _, length, _, fragment, ttl, protocol, _, source, destination = _IPV4.unpack_from(packet)
    refusal = _refuse_header(version, length, len(packet), fragment, protocol)
    if refusal is not None:
        return refusal
    if finished and checksum(packet[:IPV4_BYTES]) % 0xFFFF:
        return Drop.CHECKSUM
    return read_udp(packet[IPV4_BYTES:length], source, destination, ttl, finished)


def _refuse_header(version: int, length: int, available: int, fragment: int, protocol: int) -> Drop | None:
    """What keeps an IPv4 header (RFC 791, 3.1) from belonging to a whole UDP datagram."""
    if protocol == PROTOCOL_IGMP and version >> 4 == 4:
        return Drop.IGMP
    if version >> 4 != 4 or version & 15 < 5 or length > available:
        return Drop.MALFORMED
    if version & 15 > 5:
        return Drop.IP_OPTIONS
    if fragment & FRAGMENT_BITS:
        return Drop.IP_FRAGMENT
    if protocol != PROTOCOL_UDP:
        return Drop.PROTOCOL
    return Drop.MALFORMED if length < IPV4_BYTES + UDP_BYTES else None
