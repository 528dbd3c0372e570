"""melonDS LAN: a host broadcasts itself to 7063 each second.

``LAND``, version (32 bits), tick (32 bits), session name in 64, players, most players, status. Source:
melonDS-emu/melonDS ``src/net/LAN.h`` (``DiscoveryData``). Numbers are as on the host's processor: little-endian. The
session is UDP 7064.
"""

from __future__ import annotations

from lanrage.core.game_server import ServerFacts
from lanrage.wire.games.cursor import Cursor, count
from lanrage.wire.games.formats import Format

PORT, GAME_PORT = 7063, 7064


def read(payload: bytes, source_port: int) -> ServerFacts | None:
    """A session."""
    del source_port
    if not payload.startswith(b"LAND"):
        return None
    cursor = Cursor(payload, 4)
    version, _tick = cursor.numbers("<II")
    name = cursor.field(64)
    players, most, _status = cursor.numbers("BBB")
    return ServerFacts(
        "melonds", name, GAME_PORT, version=str(version), players=count(players), players_limit=count(most)
    )


LAN = Format("melonds", (PORT,), read)
