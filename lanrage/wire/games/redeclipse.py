"""Red Eclipse (query at the game's port + 1, UDP 28802; LAN questions also to 28799).

Numbers are one byte, or 80 and 16 bits, or 81 and 32 bits, little-endian. Question: a number that comes back (0 has
another meaning). Answer: that number, players, how many numbers follow, those (version, mode, rules, seconds left,
most players, kind of server, ...), map and name (a number for each character, zero-ended). Source: redeclipse/base
``src/game/server.cpp`` (``serverinforeply``), ``src/shared/tools.cpp`` (``putint``).
"""

from __future__ import annotations

from lanrage.core.game_server import ServerFacts
from lanrage.errors import DecodeError
from lanrage.wire.games.cursor import TEXT_CHARACTERS, Cursor, count, shown
from lanrage.wire.games.formats import Format, Query, Reply

PORT, LAN_PORT = 28802, 28799
GAME_BELOW = 1
"""The game's port is one less than the one that answers."""
NUMBERS = range(5, 65)
"""How many numbers a real answer has: version to most players at least."""


def _number(cursor: Cursor) -> int:
    first = cursor.number("<b")
    if first == -128:
        return cursor.number("<h")
    if first == -127:
        return cursor.number("<i")
    return first


def _string(cursor: Cursor) -> str:
    """Up to the zero or the end; colours are 0c and a character or a word in brackets."""
    characters: list[str] = []
    while cursor.left and len(characters) < 2 * TEXT_CHARACTERS:
        value = _number(cursor)
        if not value:
            break
        characters.append(chr(value & 0xFF))
    return shown("".join(characters))


def put(value: int) -> bytes:
    """A number as it travels."""
    if -127 < value < 128:
        return value.to_bytes(1, "little", signed=True)
    if -0x8000 <= value < 0x8000:
        return b"\x80" + value.to_bytes(2, "little", signed=True)
    return b"\x81" + value.to_bytes(4, "little", signed=True)


def _facts(cursor: Cursor, source_port: int) -> ServerFacts:
    players, size = _number(cursor), _number(cursor)
    if size not in NUMBERS:
        raise DecodeError("Red Eclipse: another number of numbers")
    version, _mode, _rules, _left, most, *_others = (_number(cursor) for _ in range(size))
    level, name = _string(cursor), _string(cursor)
    return ServerFacts(
        "redeclipse",
        name,
        source_port - GAME_BELOW if source_port > 1 else None,
        "redeclipse",
        map=level,
        version=str(version),
        players=count(players),
        players_limit=count(most),
    )


def read(payload: bytes, source_port: int) -> ServerFacts | None:
    """A server's answer; it has no mark but the port that it comes from."""
    if source_port != PORT:
        return None
    cursor = Cursor(payload)
    try:
        _number(cursor)
        return _facts(cursor, source_port)
    except DecodeError:
        return None


def ask(token: int) -> tuple[bytes, ...]:
    """The question; the token is never 0."""
    return (put(token | 1),)


def read_answer(datagram: bytes, token: int) -> ServerFacts | Reply | None:
    """The answer to our token."""
    head = put(token | 1)
    return _facts(Cursor(datagram, len(head)), 0) if datagram.startswith(head) else None


LAN = Format("redeclipse", (), read)
QUERY = Query("redeclipse", (PORT,), ask, read_answer)
