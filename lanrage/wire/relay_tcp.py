"""Frames of the relay over WebSocket (``docs/protocol-relay.rst``): datagrams of many relay ports in one connection.

Each is one binary message of the subprotocol :data:`SUBPROTOCOL`, network byte order::

    0  H   channel, 1 to 65535; 0 = a word about the connection itself
    2  ..  one datagram, 1 to 1,500 bytes, as it would go to or come from the relay's port

Words, in channel 0::

    OPEN   B 1, H channel, H port, then the relay's host, 1 to 255 characters of ASCII    node to server
    CLOSE  B 2, H channel, B reason                                                      both ways
"""

from __future__ import annotations

import enum
import struct

import attrs

from lanrage.errors import DecodeError

SUBPROTOCOL = "lanrage.relay.v1"
"""The name in the WebSocket handshake."""
DATAGRAM_LIMIT = 1500
"""Bytes of one datagram; WireGuard's own have at most 1,280 + 80."""
CHANNEL_LIMIT = 65535
HOST_LIMIT = 255
"""Characters of a relay's host, as :class:`lanrage.wire.control.RelayInfo` allows."""
OPEN, CLOSE = 1, 2
_CHANNEL = struct.Struct("!H")
_OPEN = struct.Struct("!HBHH")
_CLOSE = struct.Struct("!HBHB")
FRAME_LIMIT = _CHANNEL.size + DATAGRAM_LIMIT
"""Bytes of the longest frame."""


class Reason(enum.IntEnum):
    """Why a channel is closed."""

    DONE = 0
    """It is not needed any more."""
    RELAY = 1
    """The control server names no such relay, or does not know its address now."""
    NOT_OPEN = 2
    """A datagram came for a channel that is not open."""
    IN_USE = 3
    """The channel, or the relay's port, is in use in this connection."""
    FULL = 4
    """Too many channels."""


OWN = b"LR"
"""How probes and relay messages begin, and no packet of WireGuard."""


def lane(channel: int, datagram: bytes) -> int:
    """In which queue a datagram waits where TCP is slow: its channel's, or 0, which all that is our own shares.

    Whether a path lives, and whether the relay holds the binding, must not be drowned by the data that they carry.
    """
    return 0 if datagram.startswith(OWN) else channel


_REASONS = {int(reason): reason for reason in Reason}


@attrs.frozen
class Data:
    """A datagram of a channel."""

    channel: int
    datagram: bytes


@attrs.frozen
class Open:
    """The node wants a channel to a port of a relay.

    :param host: as the control server told it, an empty one filled in.
    """

    channel: int
    host: str
    port: int


@attrs.frozen
class Close:
    """A channel is closed, or was not opened."""

    channel: int
    reason: Reason


Frame = Data | Open | Close


def encode(frame: Frame) -> bytes:
    """Bytes of a frame.

    :raises ValueError: when a field is not within its bounds.
    """
    if not 1 <= frame.channel <= CHANNEL_LIMIT:
        raise ValueError(f"{frame.channel} is no channel")
    match frame:
        case Data():
            if not 1 <= len(frame.datagram) <= DATAGRAM_LIMIT:
                raise ValueError(f"a datagram has 1 to {DATAGRAM_LIMIT} bytes")
            return _CHANNEL.pack(frame.channel) + frame.datagram
        case Open():
            host = frame.host.encode("ascii")
            if not 1 <= len(host) <= HOST_LIMIT or not 1 <= frame.port <= 65535:
                raise ValueError(f"{frame.host}:{frame.port} is no relay's port")
            return _OPEN.pack(0, OPEN, frame.channel, frame.port) + host
        case Close():
            return _CLOSE.pack(0, CLOSE, frame.channel, frame.reason)


def decode(data: bytes) -> Frame:
    """Read a frame.

    :raises DecodeError: for bytes that are none.
    """
    if not _CHANNEL.size < len(data) <= FRAME_LIMIT:
        raise DecodeError(f"a frame has {_CHANNEL.size + 1} to {FRAME_LIMIT} bytes")
    (channel,) = _CHANNEL.unpack_from(data)
    return Data(channel, data[_CHANNEL.size :]) if channel else _word(data)


def _word(data: bytes) -> Frame:
    kind = data[_CHANNEL.size]
    if kind == OPEN and _OPEN.size < len(data) <= _OPEN.size + HOST_LIMIT:
        _, _, channel, port = _OPEN.unpack_from(data)
        host = data[_OPEN.size :]
        if channel and port and host.isascii():
            return Open(channel, host.decode("ascii"), port)
    if kind == CLOSE and len(data) == _CLOSE.size:
        _, _, channel, reason = _CLOSE.unpack(data)
        if channel and reason in _REASONS:
            return Close(channel, _REASONS[reason])
    raise DecodeError("a word of unknown kind or wrong size")
