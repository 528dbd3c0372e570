"""Control messages between a node and a relay (``docs/protocol-relay.rst``).

Layout, network byte order::

    0  4s  magic "LRRL"
    4  B   version 1
    5  B   kind
    6  8s  transaction    but for UNKNOWN, which ends here
    14 ..  body           by kind

    BIND_REQUEST, UNBIND  22 zero bytes, so that what asks is never smaller than what answers
    CHALLENGE             16s cookie
    BIND                  16s cookie, 64s signature, the ticket up to the end
    BOUND                 I number, H lifetime in seconds, B 1 if the other end is there, else 0
    ERROR                 B reason (Refusal)
    DRAINING              B seconds until the relay stops
    NAMED                 1 to 32 letters, digits and hyphens (ASCII): the operation that led to the binding

What does not begin with the magic is data, which a relay forwards as it is.
"""

from __future__ import annotations

import re
import struct

from lanrage.core.relay import (
    COOKIE_BYTES,
    OPERATION_BYTES,
    TRANSACTION_BYTES,
    Bind,
    BindRequest,
    Bound,
    Challenge,
    Draining,
    Message,
    Named,
    Refusal,
    Rejected,
    Unbind,
    Unknown,
)
from lanrage.core.tickets import SIGNATURE_BYTES, TICKET_LIMIT
from lanrage.errors import DecodeError

MAGIC = b"LRRL"
VERSION = 1
PADDING = bytes(22)
"""A padded message has 36 bytes: as many as its largest answers, a BOUND with an ERROR or a DRAINING."""
_HEADER = struct.Struct("!4sBB8s")
_PREFIX = struct.Struct("!4sBB")
_BIND = struct.Struct(f"!{COOKIE_BYTES}s{SIGNATURE_BYTES}s")
_BOUND = struct.Struct("!IHB")
MESSAGE_LIMIT = _HEADER.size + _BIND.size + TICKET_LIMIT
_OPERATION = re.compile(rb"[0-9a-zA-Z-]{1,%d}" % OPERATION_BYTES)
_REFUSALS = {int(reason): reason for reason in Refusal}
UNKNOWN_BYTES = _PREFIX.size
"""Size of UNKNOWN: smaller than any packet of WireGuard (32) and any probe, so that it never amplifies."""

BIND_REQUEST, CHALLENGE, BIND, BOUND, ERROR, UNBIND, UNKNOWN, DRAINING, NAMED = range(1, 10)
"""The kinds' numbers."""


def encode(message: Message) -> bytes:
    """Bytes of a message.

    :raises ValueError: when a field is not of its size.
    """
    match message:
        case BindRequest() | Unbind():
            kind = BIND_REQUEST if isinstance(message, BindRequest) else UNBIND
            return _head(kind, message.transaction) + PADDING
        case Challenge():
            return _head(CHALLENGE, message.transaction) + _sized(message.cookie, COOKIE_BYTES)
        case Bind():
            if not 1 <= len(message.ticket) <= TICKET_LIMIT:
                raise ValueError("a ticket has 1 to 512 bytes")
            body = _sized(message.cookie, COOKIE_BYTES) + _sized(message.signature, SIGNATURE_BYTES)
            return _head(BIND, message.transaction) + body + message.ticket
        case Bound():
            body = _BOUND.pack(message.number, message.lifetime, message.peer_present)
            return _head(BOUND, message.transaction) + body
        case Rejected():
            return _head(ERROR, message.transaction) + bytes([message.reason])
        case Unknown():
            return _PREFIX.pack(MAGIC, VERSION, UNKNOWN)
        case Draining():
            return _head(DRAINING, message.transaction) + bytes([message.seconds])
        case Named():
            name = message.operation.encode("utf-8")
            if not _OPERATION.fullmatch(name):
                raise ValueError("an operation's name has 1 to 32 letters, digits and hyphens")
            return _head(NAMED, message.transaction) + name


def decode(data: bytes) -> Message:
    """Read a message.

    :raises DecodeError: for bytes that are none of this version.
    """
    if not UNKNOWN_BYTES <= len(data) <= MESSAGE_LIMIT or data[:4] != MAGIC:
        raise DecodeError("no relay message")
    if data[4] != VERSION:
        raise DecodeError("a relay message of another version")
    kind = data[5]
    if kind == UNKNOWN and len(data) == UNKNOWN_BYTES:
        return Unknown()
    if len(data) < _HEADER.size:
        raise DecodeError("a relay message is cut short")
    transaction, body = data[UNKNOWN_BYTES : _HEADER.size], data[_HEADER.size :]
    message = _plain(kind, transaction, body) or _bodied(kind, transaction, body)
    if message is None:
        raise DecodeError("a relay message of unknown kind or wrong size")
    return message


def _plain(kind: int, transaction: bytes, body: bytes) -> Message | None:
    if body != PADDING:
        return None
    if kind == BIND_REQUEST:
        return BindRequest(transaction)
    return Unbind(transaction) if kind == UNBIND else None


def _bodied(kind: int, transaction: bytes, body: bytes) -> Message | None:
    if kind == CHALLENGE and len(body) == COOKIE_BYTES:
        return Challenge(transaction, body)
    if kind == BIND and len(body) > _BIND.size:
        cookie, signature = _BIND.unpack_from(body)
        return Bind(transaction, cookie, signature, body[_BIND.size :])
    if kind == BOUND and len(body) == _BOUND.size:
        number, lifetime, present = _BOUND.unpack(body)
        return Bound(transaction, number, lifetime, bool(present)) if present <= 1 else None
    if kind == ERROR and len(body) == 1 and body[0] in _REFUSALS:
        return Rejected(transaction, _REFUSALS[body[0]])
    if kind == DRAINING and len(body) == 1:
        return Draining(transaction, body[0])
    if kind == NAMED and _OPERATION.fullmatch(body):
        return Named(transaction, body.decode("ascii"))
    return None


def _head(kind: int, transaction: bytes) -> bytes:
    return _HEADER.pack(MAGIC, VERSION, kind, _sized(transaction, TRANSACTION_BYTES))


def _sized(value: bytes, size: int) -> bytes:
    if len(value) != size:
        raise ValueError(f"{size} bytes are wanted, not {len(value)}")
    return value
