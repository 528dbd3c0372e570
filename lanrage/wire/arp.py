"""Answers to ARP requests (RFC 826): who of the party is asked for on a card of ours, and the frame that says it."""

from __future__ import annotations

import struct
from collections.abc import Callable
from ipaddress import IPv4Address

TYPE_ARP = b"\x08\x06"
_HEADER = struct.Struct("!HHBBH")
_ETHERNET_IPV4 = (1, 0x0800, 6, 4)
REQUEST, REPLY = 1, 2
LENGTH = 42
"""Bytes: an Ethernet header and a packet of 28; what follows is padding."""


def answer(frame: bytes, mac: bytes, answers_for: Callable[[IPv4Address], bool]) -> bytes | None:
    """The answer to a frame; ``None`` where it is no request, or not for us to answer.

    :param frame: from the destination MAC on.
    :param mac: 6 bytes: that of the answer.
    :param answers_for: whether the address that is asked for is reached by this MAC.
    """
    if len(frame) < LENGTH or frame[12:14] != TYPE_ARP:
        return None
    if _HEADER.unpack_from(frame, 14) != (*_ETHERNET_IPV4, REQUEST):
        return None
    asker, asking, wanted = frame[22:28], frame[28:32], frame[38:42]
    if not answers_for(IPv4Address(wanted)):
        return None
    return asker + mac + TYPE_ARP + _HEADER.pack(*_ETHERNET_IPV4, REPLY) + mac + wanted + asker + asking
