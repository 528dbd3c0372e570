"""NAT Port Mapping Protocol (RFC 6886): the router's outside address, mappings. Integers in network byte order."""

from __future__ import annotations

import enum
import struct
from ipaddress import IPv4Address

import attrs

from lanrage.core.port_maps import Transport
from lanrage.errors import DecodeError

VERSION = 0
_RESPONSE = 0x80
_OPCODES = {Transport.UDP: 1, Transport.TCP: 2}
_TRANSPORTS = {opcode: transport for transport, opcode in _OPCODES.items()}
_MAP_REQUEST = struct.Struct("!BB2xHHI")
_ADDRESS = struct.Struct("!BBHI4s")
_MAPPED = struct.Struct("!BBHIHHI")


class Result(enum.IntEnum):
    """Result codes (section 3.5)."""

    SUCCESS = 0
    UNSUPPORTED_VERSION = 1
    NOT_AUTHORIZED = 2
    NETWORK_FAILURE = 3
    OUT_OF_RESOURCES = 4
    UNSUPPORTED_OPCODE = 5


@attrs.frozen
class MapRequest:
    """Asks for a mapping, or for its end with `lifetime` 0 (and `external_port` 0, section 3.4)."""

    transport: Transport
    internal_port: int
    external_port: int
    lifetime: int


@attrs.frozen
class OutsideAddress:
    """The router's address outside, and seconds since it lost its mappings last."""

    epoch: int
    address: IPv4Address


@attrs.frozen
class Mapped:
    """A mapping that stands for `lifetime` seconds; 0 = it was ended."""

    transport: Transport
    epoch: int
    internal_port: int
    external_port: int
    lifetime: int


@attrs.frozen
class Failed:
    """The router refused.

    :param result: a code of :class:`Result`, or another number.
    """

    result: int


Answer = OutsideAddress | Mapped | Failed

ADDRESS_REQUEST = bytes((VERSION, 0))
"""Asks for the outside address (section 3.2)."""


def encode(request: MapRequest) -> bytes:
    """Bytes of a request."""
    opcode = _OPCODES[request.transport]
    return _MAP_REQUEST.pack(VERSION, opcode, request.internal_port, request.external_port, request.lifetime)


def decode(data: bytes) -> Answer:
    """Read an answer.

    :raises DecodeError: for bytes that are none.
    """
    if len(data) < 8 or data[0] != VERSION or not data[1] & _RESPONSE:
        raise DecodeError("no NAT-PMP answer")
    result = int.from_bytes(data[2:4], "big")
    if result != Result.SUCCESS:
        return Failed(result)
    opcode = data[1] & ~_RESPONSE
    if opcode == 0 and len(data) == _ADDRESS.size:
        _, _, _, epoch, address = _ADDRESS.unpack(data)
        return OutsideAddress(epoch, IPv4Address(address))
    if opcode in _TRANSPORTS and len(data) == _MAPPED.size:
        _, _, _, epoch, internal, external, lifetime = _MAPPED.unpack(data)
        if lifetime and not external:
            raise DecodeError("a NAT-PMP mapping without a port")
        return Mapped(_TRANSPORTS[opcode], epoch, internal, external, lifetime)
    raise DecodeError("a NAT-PMP answer of the wrong size")
