"""NAT-PMP (RFC 6886): external address and mappings, both directions.

Layout, network byte order::

    request    B version 0, B opcode (0 external address, 1 map UDP, 2 map TCP)
               map: H reserved, H internal port, H suggested external port, I lifetime (0 = remove)
    response   B version 0, B 128 + opcode, H result code, I epoch
               address: 4s external address; map: H internal port, H external port, I lifetime

A gateway of another version answers with version 0 and result 1, cut off or not (section 3.5).
"""

from __future__ import annotations

import enum
import struct
from ipaddress import IPv4Address

import attrs

from lanrage.core.mapping import Transport
from lanrage.errors import DecodeError

VERSION = 0
RESPONSE = 0x80
ADDRESS = 0
MAP = {Transport.UDP: 1, Transport.TCP: 2}
"""Opcodes, section 3.3."""
_TRANSPORT = {code: transport for transport, code in MAP.items()}
_MAP = struct.Struct("!HHI")
_HEAD = struct.Struct("!BBHI")
REQUEST_SIZES = {ADDRESS: 2, 1: 12, 2: 12}
RESPONSE_SIZES = {ADDRESS: 12, 1: 16, 2: 16}


class Result(enum.IntEnum):
    """Section 3.5."""

    SUCCESS = 0
    UNSUPPORTED_VERSION = 1
    NOT_AUTHORIZED = 2
    NETWORK_FAILURE = 3
    OUT_OF_RESOURCES = 4
    UNSUPPORTED_OPCODE = 5


@attrs.frozen
class Mapping:
    """What a mapping message is about.

    :param external_port: suggested in a request, granted in a response; 0 where one is removed.
    :param lifetime: seconds, 0 = remove.
    """

    transport: Transport
    internal_port: int
    external_port: int
    lifetime: int


@attrs.frozen
class Request:
    """From a client; without a mapping it asks for the external address."""

    mapping: Mapping | None = None


@attrs.frozen
class Response:
    """From a gateway.

    :param result: one of :class:`Result`, or a code that came later; all else is empty unless it is SUCCESS.
    :param epoch: seconds since the gateway forgot all mappings (section 3.6).
    :param address: the external address, in the answer to that question.
    """

    result: int
    epoch: int = 0
    mapping: Mapping | None = None
    address: IPv4Address | None = None


def encode_request(request: Request) -> bytes:
    """A request's datagram."""
    mapping = request.mapping
    if mapping is None:
        return bytes((VERSION, ADDRESS))
    body = _MAP.pack(mapping.internal_port, mapping.external_port, mapping.lifetime)
    return bytes((VERSION, MAP[mapping.transport], 0, 0)) + body


def encode_response(response: Response, opcode: int = ADDRESS) -> bytes:
    """A response's datagram.

    :param opcode: of the request, where the response does not tell it: an error.
    """
    if response.mapping is not None:
        opcode = MAP[response.mapping.transport]
    head = _HEAD.pack(VERSION, RESPONSE | opcode, response.result, response.epoch)
    if response.mapping is not None:
        mapping = response.mapping
        return head + _MAP.pack(mapping.internal_port, mapping.external_port, mapping.lifetime)
    return head + (response.address.packed if response.address is not None else b"")


def decode_request(data: bytes) -> Request:
    """Read a request.

    :raises DecodeError: for bytes that are none.
    """
    if len(data) < 2 or data[0] != VERSION or len(data) != REQUEST_SIZES.get(data[1]):
        raise DecodeError("no NAT-PMP request")
    if data[1] == ADDRESS:
        return Request()
    return Request(Mapping(_TRANSPORT[data[1]], *_MAP.unpack_from(data, 4)))


def decode_response(data: bytes) -> Response:
    """Read a response.

    :raises DecodeError: for bytes that are none.
    """
    if not 4 <= len(data) <= max(RESPONSE_SIZES.values()) or data[0] != VERSION or not data[1] & RESPONSE:
        raise DecodeError("no NAT-PMP response")
    opcode, result = data[1] & ~RESPONSE, int.from_bytes(data[2:4], "big")
    epoch = int.from_bytes(data[4:8], "big") if len(data) >= _HEAD.size else 0
    if result != Result.SUCCESS:
        return Response(result, epoch)
    if len(data) != RESPONSE_SIZES.get(opcode):
        raise DecodeError("a NAT-PMP response of the wrong size")
    if opcode == ADDRESS:
        return Response(result, epoch, address=IPv4Address(data[8:12]))
    return Response(result, epoch, Mapping(_TRANSPORT[opcode], *_MAP.unpack_from(data, 8)))
