"""Port Control Protocol (RFC 6887), as far as a client that maps ports needs it: MAP, its answer, ANNOUNCE.

All integers are in network byte order. A request::

    0   B    version 2
    1   B    0 (request) and opcode
    2   2x   reserved
    4   I    lifetime in seconds, 0 = delete
    8   16s  the client's address (IPv4 as ::ffff:a.b.c.d)
    24  12s  nonce
    36  B    protocol (17 UDP, 6 TCP), 3 reserved
    40  H    internal port
    42  H    suggested external port
    44  16s  suggested external address

An answer has bit 0x80 set in byte 1, a result code in byte 3, the lifetime, and the server's epoch time in byte 8 on.
"""

from __future__ import annotations

import enum
import struct
from ipaddress import IPv4Address, IPv6Address, ip_address

import attrs

from lanrage.errors import DecodeError

PORT = 5351
"""The server's UDP port, PCP's and NAT-PMP's alike (section 19.2)."""
CLIENT_PORT = 5350
"""Where servers announce themselves, by multicast (section 14.1.1)."""
VERSION = 2
NONCE_BYTES = 12
LIMIT = 1100
"""Bytes of the longest message (section 7)."""
_RESPONSE = 0x80
_OPCODE_ANNOUNCE, _OPCODE_MAP = 0, 1
_REQUEST = struct.Struct("!BB2xI16s")
_ANSWER = struct.Struct("!BBxBII12x")
_MAP = struct.Struct("!12sB3xHH16s")
_ANY = IPv6Address("::ffff:0.0.0.0")


class Result(enum.IntEnum):
    """Result codes (section 7.4)."""

    SUCCESS = 0
    UNSUPP_VERSION = 1
    NOT_AUTHORIZED = 2
    MALFORMED_REQUEST = 3
    UNSUPP_OPCODE = 4
    UNSUPP_OPTION = 5
    MALFORMED_OPTION = 6
    NETWORK_FAILURE = 7
    NO_RESOURCES = 8
    UNSUPP_PROTOCOL = 9
    USER_EX_QUOTA = 10
    CANNOT_PROVIDE_EXTERNAL = 11
    ADDRESS_MISMATCH = 12
    EXCESSIVE_REMOTE_PEERS = 13


@attrs.frozen
class MapRequest:
    """Asks for a mapping, its renewal, or its end.

    :param client: this machine's address on the way to the router.
    :param nonce: 12 bytes, the same for all requests about one mapping: who does not know it cannot change it.
    :param protocol: 17 or 6.
    :param lifetime: seconds, 0 = end it.
    :param external_address: suggested; ``None`` = any.
    """

    client: IPv4Address | IPv6Address
    nonce: bytes
    protocol: int
    internal_port: int
    external_port: int
    lifetime: int
    external_address: IPv4Address | IPv6Address | None = None


@attrs.frozen
class MapAnswer:
    """What became of it.

    :param result: a code of :class:`Result`, or another number.
    :param lifetime: of the mapping, or seconds in which the same error is to be expected.
    :param epoch: seconds since the server lost its mappings last.
    """

    result: int
    lifetime: int
    epoch: int
    nonce: bytes
    protocol: int
    internal_port: int
    external_port: int
    external_address: IPv4Address | IPv6Address


@attrs.frozen
class Trouble:
    """An answer without a body that says more: another version, or an error about something else than a mapping."""

    version: int
    result: int
    epoch: int


@attrs.frozen
class Announce:
    """The server is there, or lost its mappings."""

    epoch: int


Answer = MapAnswer | Trouble | Announce


def encode(request: MapRequest) -> bytes:
    """Bytes of a request."""
    head = _REQUEST.pack(VERSION, _OPCODE_MAP, request.lifetime, _packed(request.client))
    suggested = _packed(request.external_address) if request.external_address is not None else _ANY.packed
    body = _MAP.pack(request.nonce, request.protocol, request.internal_port, request.external_port, suggested)
    return head + body


def decode(data: bytes) -> Answer:
    """Read an answer.

    :raises DecodeError: for bytes that are none.
    """
    if len(data) >= 4 and data[0] != VERSION and data[1] & _RESPONSE:
        # An older server answers in its own version, a NAT-PMP one with 8 bytes (section 9).
        return Trouble(data[0], data[3], int.from_bytes(data[4:8], "big"))
    if not _ANSWER.size <= len(data) <= LIMIT or len(data) % 4 or not data[1] & _RESPONSE:
        raise DecodeError("no PCP answer")
    version, opcode, result, lifetime, epoch = _ANSWER.unpack_from(data)
    opcode &= ~_RESPONSE
    if opcode == _OPCODE_ANNOUNCE and result == Result.SUCCESS:
        return Announce(epoch)
    if opcode != _OPCODE_MAP or len(data) < _ANSWER.size + _MAP.size:
        return Trouble(version, result, epoch)
    nonce, protocol, internal, external, address = _MAP.unpack_from(data, _ANSWER.size)
    if result == Result.SUCCESS and lifetime and not external:
        raise DecodeError("a PCP mapping without a port")
    return MapAnswer(result, lifetime, epoch, nonce, protocol, internal, external, _address(address))


def _packed(address: IPv4Address | IPv6Address) -> bytes:
    return b"\0" * 10 + b"\xff\xff" + address.packed if address.version == 4 else address.packed


def _address(packed: bytes) -> IPv4Address | IPv6Address:
    address = IPv6Address(packed)
    return address.ipv4_mapped or ip_address(packed)
