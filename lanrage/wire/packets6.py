"""IPv6 packets that hold a whole UDP datagram and nothing else (RFC 8200); apart from them, reasons."""

from __future__ import annotations

import struct

from lanrage.core.lan_frames import Drop, Udp
from lanrage.wire.udp_body import PROTOCOL_UDP, UDP_BYTES, read_udp, write_udp

IPV6_BYTES = 40
VERSION_WORD = 6 << 28
"""The first word: version 6, no traffic class, no flow label."""

HOP_BY_HOP, FRAGMENT, ICMPV6 = 0, 44, 58
EXTENSIONS = frozenset({HOP_BY_HOP, 43, 50, 51, 60, 135, 139, 140})
"""Extension headers but the fragment's (IANA, IPv6 Extension Header Types)."""

_IPV6 = struct.Struct("!IHBB16s16s")


def read_ipv6(packet: bytes, finished: bool) -> Udp | Drop:
    """Read a packet.

    :param finished: whether the checksum is final.
    """
    if len(packet) < IPV6_BYTES:
        return Drop.MALFORMED
    first, length, following, hops, source, destination = _IPV6.unpack_from(packet)
    if first >> 28 != 6 or IPV6_BYTES + length > len(packet):
        return Drop.MALFORMED
    body = packet[IPV6_BYTES : IPV6_BYTES + length]
    refusal = _refuse(following, body)
    return refusal if refusal is not None else read_udp(body, source, destination, hops, finished)


def write_ipv6(content: Udp) -> bytes:
    """The packet of a datagram: no traffic class, no flow label, the checksum computed."""
    udp = write_udp(content)
    head = (VERSION_WORD, len(udp), PROTOCOL_UDP, content.ttl)
    return _IPV6.pack(*head, content.source.packed, content.destination.packed) + udp


def _refuse(following: int, body: bytes) -> Drop | None:
    if following == ICMPV6 or (following == HOP_BY_HOP and body[:1] == bytes([ICMPV6])):
        return Drop.ICMPV6
    if following == FRAGMENT:
        return Drop.IP_FRAGMENT
    if following in EXTENSIONS:
        return Drop.IP_OPTIONS
    if following != PROTOCOL_UDP:
        return Drop.PROTOCOL
    return Drop.MALFORMED if len(body) < UDP_BYTES else None
