"""The LAN beacon of Unreal Engine 3 and 4, UDP 14001: a client asks by broadcast, hosts answer, often likewise.

Header, network byte order: version (1-7 Unreal Engine 3, 10 and up Unreal Engine 4), platform, game id (32 bits),
``SQ`` for a question or ``SR`` for an answer, the asker's nonce (64 bits). Unreal Engine 3's answer goes on with
address and port (32 bits each), open public, open private, public and private places (32 bits each), eight flags
(nine from version 5), the owner's id (64 bits) and name (32-bit length, text), localized settings (count; id, value,
a byte), properties (count; id, type, value, a byte) of which 0x40000001 is the map and 0x40000002 the game type.
Sources: gamedig/node-gamedig ``protocols/unrealengine3lan.js``; opengsq/opengsq-python ``protocols/udk.py``. The body
of Unreal Engine 4's answers varies with each game and is not read. There is no query: hosts answer 14001, which a
question from here would take from the game.
"""

from __future__ import annotations

import struct

from lanrage.core.game_server import ServerFacts
from lanrage.errors import DecodeError
from lanrage.wire.games.cursor import Cursor, count, port, text
from lanrage.wire.games.formats import Format

PORT = 14001
GAMES = {0x4D5707DB: "unreal-tournament-3"}
OLD_VERSIONS = range(1, 8)
SETTINGS_MOST = 256
"""Settings and properties of one answer; the real ones have some dozens."""
MAP, MODE = 0x4000_0001, 0x4000_0002
_HEAD = struct.Struct("!BBI2s8s")
_VALUE_BYTES = {0: 0, 1: 4, 2: 8, 3: 8, 5: 4, 7: 8}


def read(payload: bytes, source_port: int) -> ServerFacts | None:
    """A host's answer."""
    del source_port
    if len(payload) < _HEAD.size:
        return None
    version, _platform, game_id, kind, _nonce = _HEAD.unpack_from(payload)
    if kind != b"SR":
        return None
    game = GAMES.get(game_id, "")
    if version not in OLD_VERSIONS:
        return ServerFacts("unreal", game=game or f"unreal:{game_id:08x}")
    return _old(Cursor(payload, _HEAD.size), version, game or f"unreal:{game_id:08x}")


def _old(cursor: Cursor, version: int, game: str) -> ServerFacts:
    _address, game_port, open_public, _open_private, public, _private = cursor.numbers("!6I")
    cursor.take((9 if version >= 5 else 8) + 8)
    name = _string(cursor)
    for _ in range(_few(cursor)):
        cursor.take(9)
    told = dict(_property(cursor) for _ in range(_few(cursor)))
    return ServerFacts(
        "unreal",
        name,
        port(game_port),
        game,
        map=told.get(MAP, ""),
        mode=told.get(MODE, ""),
        players=count(public - open_public),
        players_limit=count(public),
    )


def _few(cursor: Cursor) -> int:
    number = cursor.number("!I")
    if number > SETTINGS_MOST:
        raise DecodeError("Unreal: more settings than any game has")
    return number


def _string(cursor: Cursor) -> str:
    size = cursor.number("!i")
    return text(cursor.take(size).rstrip(b"\0")) if size > 0 else ""


def _property(cursor: Cursor) -> tuple[int, str]:
    name, kind = cursor.numbers("!IB")
    value = ""
    if kind == 4:
        value = _string(cursor)
    elif kind == 6:
        cursor.take(cursor.number("!I"))
    elif kind in _VALUE_BYTES:
        cursor.take(_VALUE_BYTES[kind])
    else:
        raise DecodeError("Unreal: a property of an unknown type")
    cursor.take(1)
    return name, value


LAN = Format("unreal", (PORT,), read)
