"""NetQuake (Quake, QuakeSpasm, DarkPlaces, Nexuiz, Xonotic), UDP 26000: a client asks by broadcast, a server answers.

Datagrams: 80000000 and their length (32 bits, network byte order), a kind. 02, ``QUAKE``, zero, version 3 asks. 83
answers: address, host's name, map (zero-ended), players, most players, version (bytes). Source:
DarkPlacesEngine/DarkPlaces ``netconn.c``, ``netconn.h`` (``CCREQ_SERVER_INFO``, ``CCREP_SERVER_INFO``).
"""

from __future__ import annotations

import struct

from lanrage.core.game_server import ServerFacts
from lanrage.errors import DecodeError
from lanrage.wire.games.cursor import Cursor, count
from lanrage.wire.games.formats import Format, Query, Reply

PORT = 26000
CONTROL, LENGTH_MASK = 0x8000_0000, 0xFFFF
ASK, ANSWER, VERSION = 2, 0x83, 3


def read(payload: bytes, source_port: int) -> ServerFacts | None:
    """A server's answer; players connect to the port that it came from."""
    if len(payload) < 5 or payload[4] != ANSWER:
        return None
    cursor = Cursor(payload)
    head = cursor.number("!I")
    if head & ~LENGTH_MASK != CONTROL:
        return None
    if head & LENGTH_MASK != len(payload):
        raise DecodeError("NetQuake: the length does not fit")
    cursor.byte()
    cursor.until_zero()
    name, level = cursor.string(), cursor.string()
    players, most, version = cursor.numbers("BBB")
    return ServerFacts(
        "netquake",
        name,
        source_port or None,
        map=level,
        version=f"protocol {version}",
        players=count(players),
        players_limit=count(most),
    )


def ask(token: int) -> tuple[bytes, ...]:
    """The question."""
    del token
    return (struct.pack("!IB6sB", CONTROL | 12, ASK, b"QUAKE\0", VERSION),)


def read_answer(datagram: bytes, token: int) -> ServerFacts | Reply | None:
    """The answer."""
    del token
    return read(datagram, 0)


LAN = Format("netquake", (), read)
QUERY = Query("netquake", (PORT,), ask, read_answer)
