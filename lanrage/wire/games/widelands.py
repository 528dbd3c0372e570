"""Widelands: a host broadcasts itself from 7395 to 7394 when something changes.

200 bytes: ``GAME`` in 6 bytes, version 1, state (0 closed, 1 open), build in 32, host name in 128, map in 32. A
client asks with ``QUERY`` in 6 bytes, the version and a zero byte, from 7394 to 7395. The game itself is TCP 7396.
There is no
query: the answer goes to 7394, which a question from here would take from the game. Source:
widelands/widelands ``src/network/network_lan_promotion.h``, ``network.h``.
"""

from __future__ import annotations

from lanrage.core.game_server import ServerFacts
from lanrage.errors import DecodeError
from lanrage.wire.games.cursor import Cursor
from lanrage.wire.games.formats import Format

CLIENT_PORT, HOST_PORT, GAME_PORT = 7394, 7395, 7396
VERSION, SIZE = 1, 200


def read(payload: bytes, source_port: int) -> ServerFacts | None:
    """A game that is open or was closed."""
    del source_port
    if not payload.startswith(b"GAME\0"):
        return None
    if len(payload) != SIZE:
        raise DecodeError(f"Widelands: not {SIZE} bytes")
    cursor = Cursor(payload, 6)
    version, state = cursor.numbers("BB")
    if version != VERSION or state > 1:
        raise DecodeError("Widelands: another version or state")
    build, host, title = cursor.field(32), cursor.field(128), cursor.field(32)
    return ServerFacts("widelands", host, GAME_PORT, "widelands", map=title, version=build, closing=state == 0)


LAN = Format("widelands", (CLIENT_PORT,), read)
