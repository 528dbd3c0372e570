"""The head of an IPv4 packet (RFC 791, 3.1), for packets that pass as they are, fragments too."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address

from lanrage.core.bound_rules import UDP, Head
from lanrage.errors import DecodeError

_HEAD = struct.Struct("!BxHxxHxBxx4s4s")
OFFSET = 0x1FFF
"""Where a part of a split datagram begins."""
ETHERNET_BYTES = 14
TYPE_IPV4 = b"\x08\x00"
WORD = 4
"""Bytes that a header's length counts."""


def read_head(frame: bytes) -> tuple[Head, bytes]:
    """Read an Ethernet frame.

    :return: the packet's head, and the packet without padding.
    :raises DecodeError: when it holds no whole IPv4 packet.
    """
    packet = frame[ETHERNET_BYTES:]
    if frame[12:ETHERNET_BYTES] != TYPE_IPV4 or len(packet) < _HEAD.size:
        raise DecodeError("no IPv4 packet")
    first, length, fragment, protocol, source, destination = _HEAD.unpack_from(packet)
    header = (first & 15) * WORD
    if first >> 4 != 4 or not _HEAD.size <= header <= length <= len(packet):
        raise DecodeError("an IPv4 packet whose lengths contradict each other")
    udp = packet[header : header + 2] if protocol == UDP and not fragment & OFFSET else b""
    ends = IPv4Address(source), IPv4Address(destination)
    return Head(frame[:6], frame[6:12], *ends, protocol, int.from_bytes(udp, "big")), packet[:length]
