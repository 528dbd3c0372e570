"""Servers on Valve's engines and many that speak their language (A2S_INFO, UDP 27015-27020).

ff ff ff ff ``TSource Engine Query`` 00, after it the challenge that the server sent as ``A`` and 32 bits. Answer
``I``: protocol, name, map, folder, game (zero-ended), Steam id (16 bits, little-endian), players, most players, bots,
kind, system, password, secured, version, then a byte of which bit 7 says that the port follows (16 bits). Old answer
``m``: address, name, map, folder, game, players, most players, protocol, kind, system, password. Source:
developer.valvesoftware.com, "Server queries"; gamedig ``protocols/valve.js``.
"""

from __future__ import annotations

from lanrage.core.game_server import ServerFacts
from lanrage.errors import DecodeError
from lanrage.wire.games.cursor import Cursor, count, port
from lanrage.wire.games.formats import Format, Query, Reply

PORTS = tuple(range(27015, 27021))
HEAD = b"\xff\xff\xff\xff"
QUESTION = HEAD + b"TSource Engine Query\0"
INFO, OLD_INFO, CHALLENGE = b"I", b"m", b"A"
HAS_PORT = 0x80


def read(payload: bytes, source_port: int) -> ServerFacts | None:
    """A server's answer."""
    kind = payload[4:5]
    if not payload.startswith(HEAD) or kind not in (INFO, OLD_INFO):
        return None
    cursor = Cursor(payload, 5)
    return _info(cursor, source_port) if kind == INFO else _old(cursor, source_port)


def _info(cursor: Cursor, source_port: int) -> ServerFacts:
    cursor.byte()
    name, level, folder, game = (cursor.string() for _ in range(4))
    _app, players, most, _bots, _kind, _system, password, _secured = cursor.numbers("<H7B")
    version = cursor.string()
    game_port = source_port or None
    if cursor.left and cursor.byte() & HAS_PORT:
        game_port = port(cursor.number("<H"))
    return ServerFacts(
        "a2s",
        name,
        game_port,
        folder,
        map=level,
        mode=game,
        version=version,
        players=count(players),
        players_limit=count(most),
        password=bool(password),
    )


def _old(cursor: Cursor, source_port: int) -> ServerFacts:
    cursor.until_zero()
    name, level, folder, game = (cursor.string() for _ in range(4))
    players, most, _protocol, _kind, _system, password = cursor.numbers("6B")
    return ServerFacts(
        "a2s",
        name,
        source_port or None,
        folder,
        map=level,
        mode=game,
        players=count(players),
        players_limit=count(most),
        password=bool(password),
    )


def ask(token: int) -> tuple[bytes, ...]:
    """The question without a challenge."""
    del token
    return (QUESTION,)


def read_answer(datagram: bytes, token: int) -> ServerFacts | Reply | None:
    """A challenge leads to the question with it."""
    del token
    if datagram[:5] == HEAD + CHALLENGE:
        if len(datagram) < 9:
            raise DecodeError("A2S: a challenge that is cut off")
        return Reply(QUESTION + datagram[5:9])
    return read(datagram, 0)


LAN = Format("a2s", (), read)
QUERY = Query("a2s", PORTS, ask, read_answer)
DAYZ = Query("dayz", (27016,), ask, read_answer)
SEVEN_DAYS = Query("sdtd", (26901,), ask, read_answer)
