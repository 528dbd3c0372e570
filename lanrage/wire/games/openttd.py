"""OpenTTD (port 3979): an empty question finds servers by UDP, all else is asked by TCP.

Packets: length (16 bits, little-endian as all numbers), kind, body. UDP: 0 asks, 1 answers; since 12.0 the answer is
empty. TCP: 7 asks for the game's information, 6 answers. The information: its version; from 7 ticks (64 bits); from 6
how files are named; from 5 a script's version (32 bits) and name; from 4 files (count; id, 16 bytes of MD5, with its
name, or a 32-bit index alone); from 3 date and first date (32 bits); from 2 companies (most, now, most spectators);
name, revision, before 6 language, password, most clients, clients, spectators, before 6 the map's name, its width and
height (16 bits), climate, dedicated. Source: OpenTTD/OpenTTD ``src/network/network_game_info.cpp``,
``src/network/core/tcp_game.h``, ``core/udp.h``.
"""

from __future__ import annotations

import struct

from lanrage.core.game_server import ServerFacts
from lanrage.errors import DecodeError
from lanrage.wire.games.cursor import Cursor, count
from lanrage.wire.games.formats import Format, Query, Reply

PORT = 3979
UDP_FIND, UDP_FOUND, TCP_INFO, TCP_ASK = 0, 1, 6, 7
OLDEST, NEWEST = 4, 7
CLIMATES = ("temperate", "arctic", "tropic", "toyland")
FILE_MD5, FILE_NAMED, FILE_INDEX = 0, 1, 2
_HEAD = struct.Struct("<HB")


def _information(cursor: Cursor) -> ServerFacts:
    version = cursor.byte()
    if not OLDEST <= version <= NEWEST:
        raise DecodeError("OpenTTD: game information of an unknown version")
    if version >= 7:
        cursor.take(8)
    naming = cursor.byte() if version >= 6 else FILE_MD5
    if version >= 5:
        cursor.take(4)
        cursor.until_zero()
    for _ in range(cursor.byte()):
        cursor.take(4 if naming == FILE_INDEX else 20)
        if naming == FILE_NAMED:
            cursor.until_zero()
    cursor.take(8 + 3)
    name, revision = cursor.string(), cursor.string()
    if version < 6:
        cursor.byte()
    password, most, clients, _spectators = cursor.numbers("4B")
    title = cursor.string() if version < 6 else ""
    _width, _height, climate, _dedicated = cursor.numbers("<HHBB")
    return ServerFacts(
        "openttd",
        name,
        None,
        "openttd",
        map=title or (CLIMATES[climate] if climate < len(CLIMATES) else ""),
        version=revision,
        players=count(clients),
        players_limit=count(most),
        password=bool(password),
    )


def read(payload: bytes, source_port: int) -> ServerFacts | None:
    """A server's UDP answer; players connect to the port that it came from."""
    del source_port
    if len(payload) < _HEAD.size or _HEAD.unpack_from(payload) != (len(payload), UDP_FOUND):
        return None
    return (
        _information(Cursor(payload, _HEAD.size))
        if len(payload) > _HEAD.size
        else ServerFacts("openttd", game="openttd")
    )


def find(token: int) -> tuple[bytes, ...]:
    """What a client broadcasts."""
    del token
    return (_HEAD.pack(_HEAD.size, UDP_FIND),)


def read_found(datagram: bytes, token: int) -> ServerFacts | Reply | None:
    """The answer to it."""
    del token
    return read(datagram, PORT)


def ask(token: int) -> tuple[bytes, ...]:
    """The question for the game's information."""
    del token
    return (_HEAD.pack(_HEAD.size, TCP_ASK),)


def read_information(stream: bytes, token: int) -> ServerFacts | Reply | None:
    """The answer, when all of it is there."""
    del token
    if len(stream) < _HEAD.size:
        return None
    size, kind = _HEAD.unpack_from(stream)
    if kind != TCP_INFO:
        raise DecodeError("OpenTTD: not the game's information")
    return _information(Cursor(stream[:size], _HEAD.size)) if len(stream) >= size else None


LAN = Format("openttd", (), read)
FIND = Query("openttd-find", (PORT,), find, read_found)
QUERY = Query("openttd", (PORT,), ask, read_information, tcp=True)
