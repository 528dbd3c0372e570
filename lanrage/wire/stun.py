"""STUN binding messages (RFC 8489), as far as a reflector and its clients need them (``docs/protocol-stun.rst``)."""

from __future__ import annotations

import enum
import struct
import zlib
from ipaddress import ip_address

import attrs

from lanrage.core.links import Endpoint
from lanrage.errors import DecodeError

COOKIE = 0x2112A442
"""Magic cookie, RFC 8489 section 5."""
HEADER = struct.Struct("!HHI12s")
TRANSACTION_BYTES = 12
MESSAGE_LIMIT = 548
"""Bytes: what fits every IPv4 path with its IP and UDP headers (RFC 8489 section 6.1)."""
FINGERPRINT_XOR = 0x5354554E
FINGERPRINT_BYTES = 8
"""The attribute with its header."""

XOR_MAPPED_ADDRESS, MAPPED_ADDRESS, ERROR_CODE, UNKNOWN_ATTRIBUTES = 0x0020, 0x0001, 0x0009, 0x000A
SOFTWARE, FINGERPRINT = 0x8022, 0x8028
IGNORED = frozenset((MAPPED_ADDRESS, ERROR_CODE, UNKNOWN_ATTRIBUTES, 0x0006, 0x0008, 0x0014, 0x0015, 0x001C))
"""Comprehension-required attributes that a reflector without accounts understands and has no use for: also USERNAME,
MESSAGE-INTEGRITY, REALM, NONCE, MESSAGE-INTEGRITY-SHA256 (section 18.3)."""
COMPREHENSION_OPTIONAL = 0x8000
"""Attributes from here on may be ignored by who does not know them."""


class Kind(enum.IntEnum):
    """Message types of the binding method."""

    REQUEST = 0x0001
    SUCCESS = 0x0101
    ERROR = 0x0111


@attrs.frozen
class Message:
    """A binding message.

    :param transaction: 12 bytes.
    :param mapped: the address from which the request was seen; in a success response.
    :param error: code from 300 to 699, 0 = none; in an error response.
    :param unknown: comprehension-required attributes that this codec does not know: of this message, or, in an error
        response that is to be sent, of the request.
    :param fingerprint: ends in a FINGERPRINT, by which it is told from other traffic on the port (section 14.7).
    """

    kind: Kind
    transaction: bytes
    mapped: Endpoint | None = None
    error: int = 0
    unknown: tuple[int, ...] = ()
    fingerprint: bool = True


def encode(message: Message) -> bytes:
    """Bytes of a message."""
    body = b""
    if message.mapped is not None:
        body += _attribute(XOR_MAPPED_ADDRESS, _xor_address(message.mapped, message.transaction))
    if message.error:
        body += _attribute(ERROR_CODE, struct.pack("!HBB", 0, message.error // 100, message.error % 100))
    if message.kind is Kind.ERROR and message.unknown:
        body += _attribute(UNKNOWN_ATTRIBUTES, struct.pack(f"!{len(message.unknown)}H", *message.unknown))
    # The length covers the FINGERPRINT itself (section 14.7).
    size = len(body) + FINGERPRINT_BYTES * message.fingerprint
    plain = HEADER.pack(message.kind, size, COOKIE, message.transaction) + body
    return plain + _attribute(FINGERPRINT, _fingerprint(plain)) if message.fingerprint else plain


def _fingerprint(before: bytes) -> bytes:
    return struct.pack("!I", zlib.crc32(before) ^ FINGERPRINT_XOR)


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)


def _xor_address(endpoint: Endpoint, transaction: bytes) -> bytes:
    address = ip_address(endpoint.host)
    mask = struct.pack("!I", COOKIE) + transaction
    host = bytes(a ^ b for a, b in zip(address.packed, mask, strict=False))
    return struct.pack("!BBH", 0, 1 if address.version == 4 else 2, endpoint.port ^ (COOKIE >> 16)) + host


def _read_xor_address(value: bytes, transaction: bytes) -> Endpoint:
    if len(value) not in (8, 20) or (value[1], len(value)) not in ((1, 8), (2, 20)):
        raise DecodeError("a STUN address of the wrong size")
    (port,) = struct.unpack_from("!H", value, 2)
    mask = struct.pack("!I", COOKIE) + transaction
    host = bytes(a ^ b for a, b in zip(value[4:], mask, strict=False))
    port ^= COOKIE >> 16
    if not port:
        raise DecodeError("a STUN address without a port")
    return Endpoint(str(ip_address(host)), port)


def decode(data: bytes) -> Message:
    """Read a binding message.

    :raises DecodeError: for bytes that are none, or whose FINGERPRINT does not hold.
    """
    if not HEADER.size <= len(data) <= MESSAGE_LIMIT:
        raise DecodeError("no STUN message: wrong size")
    code, length, cookie, transaction = HEADER.unpack_from(data)
    if cookie != COOKIE or length % 4 or length != len(data) - HEADER.size:
        raise DecodeError("no STUN message: wrong cookie or length")
    try:
        kind = Kind(code)
    except ValueError as error:
        raise DecodeError("a STUN message of another method") from error
    mapped, error_code, unknown, fingerprint = None, 0, [], False
    for at, name, value in _attributes(data):
        if name == XOR_MAPPED_ADDRESS and mapped is None:
            mapped = _read_xor_address(value, transaction)
        elif name == ERROR_CODE and not error_code:
            error_code = _read_error(value)
        elif name == FINGERPRINT:
            fingerprint = True
            if at + FINGERPRINT_BYTES != len(data) or value != _fingerprint(data[:at]):
                raise DecodeError("the STUN fingerprint does not hold")
        elif name < COMPREHENSION_OPTIONAL and name not in IGNORED:
            unknown.append(name)
    return Message(kind, transaction, mapped, error_code, tuple(dict.fromkeys(unknown)), fingerprint)


def _read_error(value: bytes) -> int:
    if len(value) < 4 or not 3 <= value[2] & 7 <= 6 or value[3] > 99:
        raise DecodeError("a STUN error without a code")
    return (value[2] & 7) * 100 + value[3]


def _attributes(data: bytes) -> list[tuple[int, int, bytes]]:
    """(offset, type, value) of each attribute."""
    found, at = [], HEADER.size
    while at < len(data):
        if at + 4 > len(data):
            raise DecodeError("a STUN attribute is cut off")
        name, size = struct.unpack_from("!HH", data, at)
        value = data[at + 4 : at + 4 + size]
        if len(value) != size or at + 4 + size + (-size % 4) > len(data):
            raise DecodeError("a STUN attribute is cut off")
        found.append((at, name, value))
        at += 4 + size + (-size % 4)
    return found
