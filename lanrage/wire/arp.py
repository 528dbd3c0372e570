"""ARP packets on Ethernet between bytes and :class:`lanrage.core.arp_answers.Arp` (RFC 826, RFC 894)."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address

from lanrage.core.arp_answers import Arp
from lanrage.errors import DecodeError

TYPE_ARP = b"\x08\x06"
_HEAD = b"\x00\x01\x08\x00\x06\x04"
"""Ethernet, IPv4, and the lengths of their addresses."""

_BODY = struct.Struct("!H6s4s6s4s")
_BEGIN = 14 + len(_HEAD)
ARP_FRAME_BYTES = _BEGIN + _BODY.size


def is_arp(frame: bytes) -> bool:
    """Whether an Ethernet frame says that it carries ARP."""
    return frame[12:14] == TYPE_ARP


def read_arp(frame: bytes) -> Arp:
    """Read an Ethernet frame; padding behind the packet is allowed.

    :raises DecodeError: for anything but a packet of IPv4 on Ethernet.
    """
    if not is_arp(frame) or len(frame) < ARP_FRAME_BYTES:
        raise DecodeError("no ARP frame")
    if frame[14:_BEGIN] != _HEAD:
        raise DecodeError("ARP of another kind of network")
    operation, sender_mac, sender, target_mac, target = _BODY.unpack_from(frame, _BEGIN)
    return Arp(operation, sender_mac, IPv4Address(sender), target_mac, IPv4Address(target))


def write_arp(arp: Arp) -> bytes:
    """The Ethernet frame of a packet, from its sender's MAC to its target's; no padding."""
    body = _BODY.pack(arp.operation, arp.sender_mac, arp.sender.packed, arp.target_mac, arp.target.packed)
    return arp.target_mac + arp.sender_mac + TYPE_ARP + _HEAD + body
