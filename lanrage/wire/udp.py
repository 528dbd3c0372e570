"""UDP as raw sockets see it: the header written by us; packets read, with an IPv4 header or none (RFC 768, RFC 791)."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address, ip_address

import attrs

from lanrage.core.links import Endpoint
from lanrage.wire.udp_body import checksum

PROTOCOL = 17
"""UDP's number in an IPv4 header."""
HEADER_BYTES = 8
IPV4_BYTES = 20
"""Of an IPv4 header without options."""


@attrs.frozen
class Datagram:
    """A UDP datagram on its way from `source` to `to`."""

    source: Endpoint
    to: Endpoint
    payload: bytes


def write_segment(payload: bytes, source: Endpoint, to: Endpoint) -> bytes:
    """Header and payload, with the checksum, which some ways (NAT64, IPv6) do not go without."""
    length = HEADER_BYTES + len(payload)
    addresses = IPv4Address(source.host).packed + IPv4Address(to.host).packed
    pseudo = addresses + struct.pack("!HHHHHH", PROTOCOL, length, source.port, to.port, length, 0)
    return struct.pack("!HHHH", source.port, to.port, length, checksum(pseudo + payload)) + payload


def write_header(payload: bytes, source_port: int, port: int) -> bytes:
    """The header alone, its checksum left to the kernel."""
    return struct.pack("!HHHH", source_port, port, HEADER_BYTES + len(payload), 0)


def read_packet(packet: bytes) -> Datagram | None:
    """Read an IPv4 packet that holds a UDP datagram; ``None`` where it holds none.

    The checksum is not asked: the kernel leaves those of local senders unfinished, and what the payload says is proven
    by its own means.
    """
    header = (packet[0] & 0x0F) * 4 if packet else 0
    if header < IPV4_BYTES or len(packet) < header + HEADER_BYTES or packet[9] != PROTOCOL:
        return None
    return read_segment(packet[header:], packet[12:16], packet[16:20])


def read_segment(segment: bytes, source: bytes, to: bytes) -> Datagram | None:
    """Read what begins with a UDP header; ``None`` where it is none.

    :param source: the sender's address, 4 or 16 bytes.
    :param to: the address that it was sent to, likewise.
    """
    if len(segment) < HEADER_BYTES:
        return None
    source_port, port, length = struct.unpack_from("!HHH", segment)
    if not HEADER_BYTES <= length <= len(segment) or not source_port or not port:
        return None
    sender, receiver = str(ip_address(source)), str(ip_address(to))
    return Datagram(Endpoint(sender, source_port), Endpoint(receiver, port), segment[HEADER_BYTES:length])
