"""The header of a LAN frame that one member carries to another, inside the tunnel (``docs/protocol-lan.rst``).

A frame that does not fit the tunnel's MTU travels in parts, so that IP never has to split it. Numbers are big-endian::

    0       2        3      4      5      6       7          8
    +-------+--------+------+------+------+-------+----------+
    | magic | version| kind | hops | part | parts | reserved |
    +-------+--------+------+------+------+-------+----------+
    | origin (4)     | boot nonce (8)     | sequence (8)     | then the part's bytes
    +----------------+--------------------+------------------+
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from enum import IntEnum
from ipaddress import IPv4Address

import attrs

from lanrage.core.links import TUNNEL_MTU
from lanrage.errors import DecodeError
from lanrage.wire.packets import MAX_FRAME_BYTES

MAGIC = b"LF"
VERSION = 1
HOPS = 1
"""A frame with one hop is for its receiver alone."""

RELAYED_HOPS = 2
"""A frame with two is passed on, with one, by the party's host (``docs/protocol-replicator.rst``)."""

IP_UDP_BYTES = 28
WIREGUARD_FILL, WIREGUARD_BYTES = 16, 32
"""WireGuard's white paper, 5.4.6: data is filled up to a multiple of 16; header and tag have 16 bytes each."""
MAX_PARTS = 8
"""The largest frame takes all of them in a tunnel of the usual MTU; a frame of Ethernet takes 2."""

_HEADER = struct.Struct("!2sBBBBBB4sQQ")
HEADER_BYTES = _HEADER.size


class Kind(IntEnum):
    """What follows the header: an Ethernet frame, or what nodes say to each other about frames."""

    FRAME = 1
    LEASE = 2  # an announcement that the receiver repeats by itself: granted, renewed, cancelled
    INTEREST = 3  # which groups and ports are open on the sender's machine
    PROBE = 4  # what became of a tagged frame on the sender's machine, stage by stage
    APART = 5  # the sender is on no physical network of the receiver's any more (:mod:`lanrage.core.same_lan`)
    REPLICATOR = 6  # whether the sender takes frames that the host passes on, and as the host: passes them on


@attrs.frozen
class Part:
    """One datagram of the carrier.

    :param origin: party address of the member whose card or game sent the frame.
    :param nonce: drawn at the origin's start, 64 bit: sequence numbers start again with it.
    :param sequence: counts the origin's frames, 64 bit.
    :param part: number of this part, from 0.
    :param parts: of how many, 1 to :data:`MAX_PARTS`.
    :param body: this part of the Ethernet frame, not empty.
    :param hops: how many members may still carry it, from 1.
    """

    origin: IPv4Address
    nonce: int
    sequence: int
    part: int
    parts: int
    body: bytes
    hops: int = HOPS
    kind: Kind = Kind.FRAME


def encode_part(part: Part) -> bytes:
    """The datagram of a part."""
    ids = (part.origin.packed, part.nonce, part.sequence)
    return _HEADER.pack(MAGIC, VERSION, part.kind, part.hops, part.part, part.parts, 0, *ids) + part.body


def decode_part(data: bytes) -> Part:
    """Read a datagram of the carrier.

    :raises DecodeError: for bytes that are no part of version 1.
    """
    if len(data) <= HEADER_BYTES:
        raise DecodeError(f"{len(data)} bytes are too few for a LAN frame")
    magic, version, kind, hops, number, parts, reserved, origin, nonce, sequence = _HEADER.unpack_from(data)
    if magic != MAGIC or version != VERSION:
        raise DecodeError("no LAN frame of version 1")
    if kind not in Kind.__members__.values() or not hops or reserved:
        raise DecodeError(f"LAN frame of unknown kind {kind}")
    if not number < parts <= MAX_PARTS:
        raise DecodeError(f"part {number} of {parts} is out of range")
    body = data[HEADER_BYTES:]
    if len(body) > MAX_FRAME_BYTES:
        raise DecodeError("a part is larger than a frame")
    return Part(IPv4Address(origin), nonce, sequence, number, parts, body, hops, Kind(kind))


def largest(mtu: int) -> int:
    """Bytes of the largest frame that a tunnel of this MTU carries, at least 576."""
    return min(MAX_FRAME_BYTES, (mtu - IP_UDP_BYTES - HEADER_BYTES) * MAX_PARTS)


def tunnel_bytes(payload: int) -> int:
    """What WireGuard counts for a datagram of the carrier: IPv4, UDP and payload filled up to 16, its header and tag.

    :param payload: bytes; of the UDP datagram.
    """
    return -(-(payload + IP_UDP_BYTES) // WIREGUARD_FILL) * WIREGUARD_FILL + WIREGUARD_BYTES


def split(  # pylint: disable=too-many-arguments,too-many-positional-arguments
    frame: bytes,
    origin: IPv4Address,
    nonce: int,
    sequence: int,
    mtu: int = TUNNEL_MTU,
    kind: Kind = Kind.FRAME,
    hops: int = HOPS,
) -> Iterator[Part]:
    """Cut a frame, or a message of another kind, into parts that fit the tunnel.

    :param frame: at most :func:`largest` bytes, not empty.
    :param mtu: of the tunnel, at least 576.
    """
    room = mtu - IP_UDP_BYTES - HEADER_BYTES
    parts = -(-len(frame) // room)
    for number in range(parts):
        body = frame[number * room : (number + 1) * room]
        yield Part(origin, nonce, sequence, number, parts, body, hops, kind)
