"""STUN binding messages (RFC 8489) with the attributes that tell kinds of NAT apart (RFC 5780, section 7), as far as a
reflector and its clients need them (``docs/protocol-stun.rst``).
"""

from __future__ import annotations

import enum
import struct
import zlib
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

import attrs

from lanrage.core.links import Endpoint
from lanrage.core.nat import Change
from lanrage.core.stun_questions import TRANSACTION_BYTES, Ask, Reply
from lanrage.errors import DecodeError

COOKIE = 0x2112A442
"""Magic cookie, RFC 8489 section 5."""
HEADER = struct.Struct(f"!HHI{TRANSACTION_BYTES}s")
MESSAGE_LIMIT = 548
"""Bytes: what fits every IPv4 path with its IP and UDP headers (RFC 8489 section 6.1)."""
FINGERPRINT_XOR = 0x5354554E
FINGERPRINT_BYTES = 8
"""The attribute with its header."""

XOR_MAPPED_ADDRESS, MAPPED_ADDRESS, ERROR_CODE, UNKNOWN_ATTRIBUTES = 0x0020, 0x0001, 0x0009, 0x000A
SOFTWARE, FINGERPRINT = 0x8022, 0x8028
CHANGE_REQUEST, RESPONSE_PORT, RESPONSE_ORIGIN, OTHER_ADDRESS = 0x0003, 0x0027, 0x802B, 0x802C
"""RFC 5780, section 7; PADDING is not among them: fragments play no part here, and it makes answers large."""
CHANGE_ADDRESS_FLAG, CHANGE_PORT_FLAG = 0x4, 0x2
IGNORED = frozenset((MAPPED_ADDRESS, UNKNOWN_ATTRIBUTES, 0x0006, 0x0008, 0x0014, 0x0015, 0x001C))
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
    :param change: from which other address and port the answer is wanted; in a request (RFC 5780, section 7.2).
    :param response_port: to which port of the asker's host the answer is wanted, 0 = where it came from; in a request.
    :param origin: from where the answer is sent; in a success response.
    :param other: the other address and other port of the reflector; in a success response.
    """

    kind: Kind
    transaction: bytes
    mapped: Endpoint | None = None
    error: int = 0
    unknown: tuple[int, ...] = ()
    fingerprint: bool = True
    change: Change | None = None
    response_port: int = 0
    origin: Endpoint | None = None
    other: Endpoint | None = None


def encode(message: Message) -> bytes:
    """Bytes of a message."""
    body = _discovery(message)
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


def _discovery(message: Message) -> bytes:
    """The attributes of RFC 5780."""
    body = b""
    if message.change is not None:
        flags = CHANGE_ADDRESS_FLAG * message.change.address | CHANGE_PORT_FLAG * message.change.port
        body += _attribute(CHANGE_REQUEST, struct.pack("!I", flags))
    if message.response_port:
        body += _attribute(RESPONSE_PORT, struct.pack("!HH", message.response_port, 0))
    for name, endpoint in ((RESPONSE_ORIGIN, message.origin), (OTHER_ADDRESS, message.other)):
        if endpoint is not None:
            body += _attribute(name, _address(endpoint))
    return body


def _fingerprint(before: bytes) -> bytes:
    return struct.pack("!I", zlib.crc32(before) ^ FINGERPRINT_XOR)


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)


def _address(endpoint: Endpoint) -> bytes:
    """As MAPPED-ADDRESS has it (RFC 8489, section 14.1)."""
    address = ip_address(endpoint.host)
    return struct.pack("!BBH", 0, 1 if address.version == 4 else 2, endpoint.port) + address.packed


def _xor_address(endpoint: Endpoint, transaction: bytes) -> bytes:
    address = ip_address(endpoint.host)
    mask = struct.pack("!I", COOKIE) + transaction
    host = bytes(a ^ b for a, b in zip(address.packed, mask, strict=False))
    return struct.pack("!BBH", 0, 1 if address.version == 4 else 2, endpoint.port ^ (COOKIE >> 16)) + host


def _read_xor_address(value: bytes, transaction: bytes) -> Endpoint:
    return _read_address(value, struct.pack("!I", COOKIE) + transaction)


def _read_address(value: bytes, mask: bytes = bytes(16)) -> Endpoint:
    """An address; the port is masked by the first two bytes of `mask`."""
    if len(value) not in (8, 20) or (value[1], len(value)) not in ((1, 8), (2, 20)):
        raise DecodeError("a STUN address of the wrong size")
    port = int.from_bytes(value[2:4], "big") ^ int.from_bytes(mask[:2], "big")
    host = bytes(a ^ b for a, b in zip(value[4:], mask, strict=False))
    if not port:
        raise DecodeError("a STUN address without a port")
    return Endpoint(str(ip_address(host)), port)


def _read_change(value: bytes) -> Change:
    if len(value) != 4:
        raise DecodeError("a STUN request for a change of the wrong size")
    return Change(bool(value[3] & CHANGE_ADDRESS_FLAG), bool(value[3] & CHANGE_PORT_FLAG))


def _read_response_port(value: bytes) -> int:
    # The RFC draws 16 bits of padding behind the port; whether the length counts them, programs do not agree on.
    port = int.from_bytes(value[:2], "big")
    if len(value) not in (2, 4) or not port:
        raise DecodeError("a STUN response port that is none")
    return port


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
    read, unknown, fingerprint = _Read(transaction), [], False
    for at, name, value in _attributes(data):
        if name in _READERS:
            read.take(name, value)
        elif name == FINGERPRINT:
            fingerprint = True
            if at + FINGERPRINT_BYTES != len(data) or value != _fingerprint(data[:at]):
                raise DecodeError("the STUN fingerprint does not hold")
        elif name < COMPREHENSION_OPTIONAL and name not in IGNORED:
            unknown.append(name)
    return Message(kind, transaction, unknown=tuple(dict.fromkeys(unknown)), fingerprint=fingerprint, **read.found)


@attrs.define
class _Read:
    """What a message's attributes say: of those that repeat, the first (RFC 8489, section 14)."""

    transaction: bytes
    found: dict[str, Any] = attrs.field(factory=dict)

    def take(self, name: int, value: bytes) -> None:
        """One attribute that has a reader."""
        field, read = _READERS[name]
        if field not in self.found:
            self.found[field] = read(value, self.transaction)


def request(ask: Ask) -> bytes:
    """The bytes of a question."""
    return encode(Message(Kind.REQUEST, ask.transaction, change=ask.change, response_port=ask.response_port))


def reply(message: Message, source: Endpoint) -> Reply:
    """A message that came in, as a reply to a question."""
    return Reply(
        source,
        message.mapped if message.kind is Kind.SUCCESS else None,
        message.other if message.kind is Kind.SUCCESS else None,
        refused=message.kind is Kind.ERROR,
        returned=message.kind is Kind.REQUEST,
    )


def _read_error(value: bytes) -> int:
    if len(value) < 4 or not 3 <= value[2] & 7 <= 6 or value[3] > 99:
        raise DecodeError("a STUN error without a code")
    return (value[2] & 7) * 100 + value[3]


_READERS: dict[int, tuple[str, Callable[[bytes, bytes], Any]]] = {
    XOR_MAPPED_ADDRESS: ("mapped", _read_xor_address),
    ERROR_CODE: ("error", lambda value, transaction: _read_error(value)),
    CHANGE_REQUEST: ("change", lambda value, transaction: _read_change(value)),
    RESPONSE_PORT: ("response_port", lambda value, transaction: _read_response_port(value)),
    RESPONSE_ORIGIN: ("origin", lambda value, transaction: _read_address(value)),
    OTHER_ADDRESS: ("other", lambda value, transaction: _read_address(value)),
}
"""Field of the message, and what reads it, for each attribute of use."""


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
