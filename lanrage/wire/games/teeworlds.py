"""Teeworlds 0.7: first a token, then the server's information (UDP 8303-8310).

Control packet: 04 00 00, the receiver's token (32 bits, network byte order), 05, the sender's token; the request is
padded to 512 bytes so that it cannot amplify. Packet without connection: 21, the receiver's and the sender's token,
ff ff ff ff, ``gie3`` and a number, or ``inf3``, that number, then version, name, host, map, mode (zero-ended), flags
(bit 0: password), skill, players, most players, clients, most clients as numbers of variable length. Source:
teeworlds/teeworlds ``src/engine/shared/network.h``, ``network_token.cpp``, ``src/engine/server/server.cpp``
(``GenerateServerInfo``), ``src/mastersrv/mastersrv.h``.
"""

from __future__ import annotations

import struct

from lanrage.core.game_server import ServerFacts
from lanrage.errors import DecodeError
from lanrage.wire.games.cursor import Cursor, count
from lanrage.wire.games.formats import Format, Query, Reply

PORTS = tuple(range(8303, 8311))
GET_INFO, INFO = b"\xff\xff\xff\xffgie3", b"\xff\xff\xff\xffinf3"
CONTROL, TOKEN_MESSAGE, NO_TOKEN, REQUEST_BYTES = 0x04, 5, 0xFFFF_FFFF, 512
CONNLESS = b"\x21"
BROWSER_TOKEN = b"\x01"
_CONTROL = struct.Struct("!BBBIBI")


def number(cursor: Cursor) -> int:
    """A number of variable length: sign and six bits, then seven bits a byte, at most five bytes."""
    byte = cursor.byte()
    negative, value = byte & 0x40, byte & 0x3F
    for shift in (6, 13, 20, 27):
        if not byte & 0x80:
            break
        byte = cursor.byte()
        value |= (byte & 0x7F) << shift
    return ~value if negative else value


def read(payload: bytes, source_port: int) -> ServerFacts | None:
    """A server's information; players connect to the port that it came from."""
    if payload[:1] != CONNLESS or payload[9:17] != INFO:
        return None
    cursor = Cursor(payload, 17)
    number(cursor)
    version, name, _host, level, mode = (cursor.string() for _ in range(5))
    flags, _skill, _players, _players_most, clients, clients_most = (number(cursor) for _ in range(6))
    return ServerFacts(
        "teeworlds",
        name,
        source_port or None,
        "teeworlds",
        map=level,
        mode=mode,
        version=version,
        players=count(clients),
        players_limit=count(clients_most),
        password=bool(flags & 1),
    )


def ask(token: int) -> tuple[bytes, ...]:
    """A request for the server's token."""
    head = struct.pack("!BBBI", CONTROL, 0, 0, NO_TOKEN)
    return (head + struct.pack("!BI", TOKEN_MESSAGE, token).ljust(REQUEST_BYTES, b"\0"),)


def read_answer(datagram: bytes, token: int) -> ServerFacts | Reply | None:
    """A token leads to the request for information; only what carries ours counts."""
    if datagram[:1] == bytes([CONTROL]):
        if len(datagram) < _CONTROL.size:
            raise DecodeError("Teeworlds: a control packet that is cut off")
        _flags, _ack, _chunks, ours, kind, theirs = _CONTROL.unpack_from(datagram)
        if kind != TOKEN_MESSAGE or ours != token:
            return None
        return Reply(CONNLESS + struct.pack("!II", theirs, token) + GET_INFO + BROWSER_TOKEN)
    if datagram[:1] == CONNLESS and datagram[1:5] == struct.pack("!I", token):
        return read(datagram, 0)
    return None


LAN = Format("teeworlds", (), read)
QUERY = Query("teeworlds", PORTS, ask, read_answer)
