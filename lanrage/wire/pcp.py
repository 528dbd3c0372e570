"""PCP (RFC 6887): the MAP and ANNOUNCE opcodes, as far as a client needs them; both directions, for the tests' sake.

Layout, network byte order::

    0   B    version 2
    1   B    R bit (128 = response) and opcode
    2   H    reserved; response: B reserved, B result code
    4   I    lifetime, s
    8   16s  client's address (IPv4-mapped); response: I epoch, 12 bytes reserved
    24  12s  mapping nonce            MAP only (section 11.1)
    36  B    IP protocol
    37  3x   reserved
    40  H    internal port
    42  H    suggested, or assigned, external port
    44  16s  suggested, or assigned, external address
    60  ..   options: B code, B reserved, H length, data, padding to 4 bytes
"""

from __future__ import annotations

import enum
import struct
from ipaddress import IPv4Address, IPv6Address

import attrs

from lanrage.core.mapping import NONCE_BYTES
from lanrage.errors import DecodeError

PORT = 5351
"""UDP port of the gateway, of NAT-PMP too."""
VERSION = 2
MESSAGE_LIMIT = 1100
"""Bytes; section 7."""
RESPONSE = 0x80
OPTIONAL = 0x80
"""Option codes from here on may be ignored by who does not know them (section 7.3); this codec knows none."""
_REQUEST = struct.Struct("!BBHI16s")
_RESPONSE = struct.Struct("!BBBBII12s")
_MAP = struct.Struct("!12sB3xHH16s")
_OPTION = struct.Struct("!BBH")
_V4 = bytes(10) + b"\xff\xff"
"""The first bytes of an IPv4-mapped address (RFC 4291, 2.5.5.2)."""


class Opcode(enum.IntEnum):
    """Those of this codec."""

    ANNOUNCE = 0
    MAP = 1


class Result(enum.IntEnum):
    """Section 7.4."""

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
class Mapping:
    """What a MAP message is about.

    :param nonce: 12 bytes by which client and server know the mapping's owner.
    :param protocol: IP protocol number.
    :param external_port: suggested in a request (0 = any), assigned in a response.
    :param external: suggested in a request (0.0.0.0 = any), assigned in a response.
    """

    nonce: bytes
    protocol: int
    internal_port: int
    external_port: int
    external: IPv4Address = IPv4Address(0)


@attrs.frozen
class Request:
    """From a client; without a mapping it is an ANNOUNCE.

    :param client: its own address as it knows it: a NAT between is noticed by it (ADDRESS_MISMATCH).
    :param lifetime: seconds, 0 = remove.
    """

    client: IPv4Address
    lifetime: int = 0
    mapping: Mapping | None = None


@attrs.frozen
class Response:
    """From a server; without a mapping it is that of an ANNOUNCE, or an error that echoes nothing.

    :param result: one of :class:`Result`, or a code that came later.
    :param lifetime: of the mapping, or how long the error is likely to last, s.
    :param epoch: seconds since the server forgot all mappings (section 8.5).
    :param opcode: of the request.
    """

    result: int
    lifetime: int
    epoch: int
    mapping: Mapping | None = None
    opcode: Opcode = Opcode.MAP


def _pack(mapping: Mapping) -> bytes:
    external = _V4 + mapping.external.packed
    return _MAP.pack(mapping.nonce, mapping.protocol, mapping.internal_port, mapping.external_port, external)


def encode_request(request: Request) -> bytes:
    """A request's datagram."""
    opcode = Opcode.MAP if request.mapping is not None else Opcode.ANNOUNCE
    data = _REQUEST.pack(VERSION, opcode, 0, request.lifetime, _V4 + request.client.packed)
    return data + (_pack(request.mapping) if request.mapping is not None else b"")


def encode_response(response: Response) -> bytes:
    """A response's datagram."""
    opcode = RESPONSE | response.opcode
    data = _RESPONSE.pack(VERSION, opcode, 0, response.result, response.lifetime, response.epoch, bytes(12))
    return data + (_pack(response.mapping) if response.mapping is not None else b"")


def _check(data: bytes, response: bool) -> Opcode:
    if not _REQUEST.size <= len(data) <= MESSAGE_LIMIT or len(data) % 4:
        raise DecodeError("no PCP message: wrong size")
    if data[0] != VERSION:
        raise DecodeError("a PCP message of another version")
    if bool(data[1] & RESPONSE) is not response:
        raise DecodeError("a PCP message of the other direction")
    try:
        return Opcode(data[1] & ~RESPONSE)
    except ValueError as error:
        raise DecodeError("a PCP message of another opcode") from error


def _v4(raw: bytes) -> IPv4Address:
    address = IPv6Address(raw).ipv4_mapped
    if address is None:
        raise DecodeError("a PCP message with an address that is not IPv4")
    return address


def _read_map(data: bytes) -> Mapping:
    if len(data) < _REQUEST.size + _MAP.size:
        raise DecodeError("a PCP MAP message is cut off")
    nonce, protocol, internal, external_port, external = _MAP.unpack_from(data, _REQUEST.size)
    return Mapping(nonce, protocol, internal, external_port, _v4(external))


def _options(data: bytes, at: int) -> list[int]:
    """The codes of the options from `at` on."""
    found = []
    while at < len(data):
        if at + _OPTION.size > len(data):
            raise DecodeError("a PCP option is cut off")
        code, _, length = _OPTION.unpack_from(data, at)
        at += _OPTION.size + length + (-length % 4)
        if at > len(data):
            raise DecodeError("a PCP option is cut off")
        found.append(code)
    return found


def decode_request(data: bytes) -> Request:
    """Read a request.

    :raises DecodeError: for bytes that are none, or an option that must be known and is not.
    """
    opcode = _check(data, response=False)
    _, _, _, lifetime, client = _REQUEST.unpack_from(data)
    mapping = _read_map(data) if opcode is Opcode.MAP else None
    options = _options(data, _REQUEST.size + (_MAP.size if mapping is not None else 0))
    if any(code < OPTIONAL for code in options):
        raise DecodeError("a PCP option that must be known and is not")
    return Request(_v4(client), lifetime, mapping)


def decode_response(data: bytes) -> Response:
    """Read a response; of an error, what it echoes may be cut off (section 8.2).

    :raises DecodeError: for bytes that are none.
    """
    opcode = _check(data, response=True)
    _, _, _, result, lifetime, epoch, _ = _RESPONSE.unpack_from(data)
    if opcode is Opcode.ANNOUNCE or (result != Result.SUCCESS and len(data) < _REQUEST.size + _MAP.size):
        return Response(result, lifetime, epoch, None, opcode)
    mapping = _read_map(data)
    _options(data, _REQUEST.size + _MAP.size)
    return Response(result, lifetime, epoch, mapping, opcode)


assert _MAP.size == NONCE_BYTES + 24
