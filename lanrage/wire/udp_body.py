"""The UDP part of a carried datagram, alike in IPv4 and IPv6 (RFC 768, RFC 8200, 8.1), and the internet checksum."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address, IPv6Address

from lanrage.core.lan_frames import Drop, Udp

PROTOCOL_UDP = 17
UDP_BYTES = 8
IPV4_ADDRESS_BYTES = 4

_UDP = struct.Struct("!HHHH")
_PSEUDO = struct.Struct("!IHBB")
"""Length, zeros and protocol behind both addresses, as IPv6 has it; IPv4's sums to the same."""


def checksum(data: bytes) -> int:
    """The internet checksum (RFC 1071) of data of any length, 1 to 0xffff.

    A sum of 16 bit words with the carries added back is the remainder modulo 0xffff, which Python finds at once.
    Of the two forms of zero this gives 0xffff, which UDP asks for (0 means "none was computed") and IPv4 accepts.
    """
    if len(data) % 2:
        data += b"\0"
    return 0xFFFF - int.from_bytes(data, "big") % 0xFFFF


def write_udp(content: Udp) -> bytes:
    """Header and payload, the checksum computed."""
    length = UDP_BYTES + len(content.payload)
    ports = (content.source_port, content.destination_port, length)
    addresses = content.source.packed + content.destination.packed
    total = checksum(_pseudo(addresses, length) + _UDP.pack(*ports, 0) + content.payload)
    return _UDP.pack(*ports, total) + content.payload


def read_udp(segment: bytes, source: bytes, destination: bytes, ttl: int, finished: bool) -> Udp | Drop:
    """Read what begins with a UDP header.

    :param segment: at least :data:`UDP_BYTES`; what is behind the datagram is padding.
    :param source: the address of the IP header, 4 or 16 bytes; `destination` likewise.
    :param finished: whether the checksum is final.
    """
    source_port, destination_port, length, sent = _UDP.unpack_from(segment)
    if not UDP_BYTES <= length <= len(segment):
        return Drop.MALFORMED
    segment = segment[:length]
    if finished and not _is_right(segment, source + destination, sent):
        return Drop.CHECKSUM
    family = IPv4Address if len(source) == IPV4_ADDRESS_BYTES else IPv6Address
    return Udp(family(source), family(destination), source_port, destination_port, segment[UDP_BYTES:], ttl)


def _is_right(segment: bytes, addresses: bytes, sent: int) -> bool:
    """In IPv4 a sender may leave the checksum out (RFC 768), in IPv6 it may not (RFC 8200, 8.1)."""
    if not sent:
        return len(addresses) == 2 * IPV4_ADDRESS_BYTES
    return not checksum(_pseudo(addresses, len(segment)) + segment) % 0xFFFF


def _pseudo(addresses: bytes, length: int) -> bytes:
    return addresses + _PSEUDO.pack(length, 0, 0, PROTOCOL_UDP)
