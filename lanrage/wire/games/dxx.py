"""DXX-Rebirth (Descent 1 and 2): a host broadcasts its game to 42424 each 10 s and when something changes.

``game_info_lite``, 73 bytes, little-endian: 05, three 16-bit numbers of the version, game id (32 bits), name in 16,
mission title in 26, mission file in 9, level (32 bits), mode, players refused, difficulty, status, players, most
players, flags. Source: dxx-rebirth/dxx-rebirth ``similar/main/net_udp.cpp`` (``net_udp_send_game_info``),
``common/main/net_udp.h``. The question carries the asker's version and is answered by the same version alone, so
there is no query.
"""

from __future__ import annotations

from lanrage.core.game_server import ServerFacts
from lanrage.wire.games.cursor import Cursor, count
from lanrage.wire.games.formats import Format

PORT, KIND, SIZE = 42424, 5, 73
MODES = ("anarchy", "team anarchy", "robo anarchy", "cooperative", "capture the flag", "hoard", "team hoard", "bounty")


def read(payload: bytes, source_port: int) -> ServerFacts | None:
    """A game; players connect to the port that it came from."""
    if len(payload) != SIZE or payload[0] != KIND:
        return None
    cursor = Cursor(payload, 1)
    major, minor, micro, _game = cursor.numbers("<HHHI")
    name, title, _file = cursor.field(16), cursor.field(26), cursor.field(9)
    level, mode, _refused, _difficulty, _status, players, most, _flags = cursor.numbers("<i7B")
    return ServerFacts(
        "dxx",
        name,
        source_port or None,
        map=f"{title} {level}",
        mode=MODES[mode] if mode < len(MODES) else "",
        version=f"{major}.{minor}.{micro}",
        players=count(players),
        players_limit=count(most),
    )


LAN = Format("dxx", (PORT,), read)
