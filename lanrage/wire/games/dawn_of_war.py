"""Warhammer 40,000: Dawn of War: a host broadcasts its game to 6112, which it shares with Warcraft III.

Little-endian: 08 01, a GUID (length 38, 32 bits), host's name (length in 16-bit characters, UTF-16), four zero bytes,
players and most players (32 bits), nine bytes, address (4 bytes, network byte order), port (16 bits), nine bytes,
``WODW``, build (32 bits), version, modification (lengths and bytes), title (UTF-16), a text, map (UTF-16). The game
refuses an announcement whose address is not its sender's. Source: opengsq/opengsq-python ``protocols/w40kdow.py``.
"""

from __future__ import annotations

from lanrage.core.game_server import ServerFacts
from lanrage.errors import DecodeError
from lanrage.wire.games.cursor import Cursor, count, port, shown, text
from lanrage.wire.games.formats import Format

PORT = 6112
MARK, GUID_BYTES, ENGINE = b"\x08\x01", 38, b"WODW"


def read(payload: bytes, source_port: int) -> ServerFacts | None:
    """A game."""
    del source_port
    if not payload.startswith(MARK + GUID_BYTES.to_bytes(4, "little")):
        return None
    cursor = Cursor(payload, len(MARK) + 4)
    cursor.take(GUID_BYTES)
    host = _wide(cursor)
    cursor.take(4)
    players, most = cursor.numbers("<II")
    cursor.take(9 + 4)
    game_port = port(cursor.number("<H"))
    cursor.take(9)
    if cursor.take(len(ENGINE)) != ENGINE:
        raise DecodeError("Dawn of War: another engine")
    cursor.take(4)
    version, _modification = _narrow(cursor), _narrow(cursor)
    title, _word = _wide(cursor), _narrow(cursor)
    return ServerFacts(
        "dawn-of-war",
        title or host,
        game_port,
        "dawn-of-war",
        map=_wide(cursor),
        version=version,
        players=count(players),
        players_limit=count(most),
    )


def _narrow(cursor: Cursor) -> str:
    return text(cursor.take(cursor.number("<I")))


def _wide(cursor: Cursor) -> str:
    return shown(cursor.take(2 * cursor.number("<I")).decode("utf-16-le", "replace"))


LAN = Format("dawn-of-war", (PORT,), read)
