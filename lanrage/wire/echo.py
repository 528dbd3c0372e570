"""ICMP echo (:rfc:`792`), by which a machine's kernel proves that it is there."""

from __future__ import annotations

import struct

import attrs

ECHO_REQUEST, ECHO_REPLY = 8, 0
"""Types of the messages."""

_HEADER = struct.Struct("!BBHHH")


@attrs.frozen
class Echo:
    """A request or its reply.

    :param ident: 16 bit; a ping socket of Linux sets its own in its place.
    :param sequence: 16 bit.
    """

    ident: int
    sequence: int
    payload: bytes = b""


def checksum(data: bytes) -> int:
    """The Internet checksum (:rfc:`1071`)."""
    words: tuple[int, ...] = struct.unpack(f"!{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2))
    total = sum(words)
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def encode_request(echo: Echo) -> bytes:
    """An echo request as an ICMP message."""
    return _encode(ECHO_REQUEST, echo)


def encode_reply(echo: Echo) -> bytes:
    """The answer to it."""
    return _encode(ECHO_REPLY, echo)


def _encode(kind: int, echo: Echo) -> bytes:
    bare = _HEADER.pack(kind, 0, 0, echo.ident, echo.sequence) + echo.payload
    return _HEADER.pack(kind, 0, checksum(bare), echo.ident, echo.sequence) + echo.payload


def decode_reply(message: bytes) -> Echo | None:
    """An echo reply; ``None`` for any other message. The checksum is the kernel's to check."""
    if len(message) < _HEADER.size:
        return None
    kind, _, _, ident, sequence = _HEADER.unpack_from(message)
    return Echo(ident, sequence, message[_HEADER.size :]) if kind == ECHO_REPLY else None


def without_head(packet: bytes) -> bytes:
    """What follows the IPv4 header, which raw sockets give as well; nothing where the packet ends before."""
    return packet[(packet[0] & 0x0F) * 4 :] if packet else b""
