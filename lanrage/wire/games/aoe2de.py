"""Age of Empires II (and I): Definitive Edition: its battle server broadcasts itself to 9999 (8888).

21 24 00, a GUID of 36 characters, length of the name (16 bits, little-endian as all), the name, three ports: of the
game, of a web socket, out of band. Source: luskaner/ageLANServer ``battle-server-broadcast``, ``server/internal``.
"""

from __future__ import annotations

import re

from lanrage.core.game_server import ServerFacts
from lanrage.errors import DecodeError
from lanrage.wire.games.cursor import Cursor, port, text
from lanrage.wire.games.formats import Format

MARK = b"\x21\x24\x00"
_GUID = re.compile(rb"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


def read(payload: bytes, source_port: int) -> ServerFacts | None:
    """A battle server."""
    del source_port
    if not payload.startswith(MARK):
        return None
    cursor = Cursor(payload, len(MARK))
    if _GUID.fullmatch(cursor.take(36)) is None:
        raise DecodeError("Age of Empires: no GUID")
    name = text(cursor.take(cursor.number("<H")))
    game, _web, _other = cursor.numbers("<HHH")
    return ServerFacts("aoe-de", name, port(game))


LAN = Format("aoe-de", (9999, 8888), read)
