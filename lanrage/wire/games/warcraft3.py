"""Warcraft III (classic): games on a LAN, UDP 6112.

Everything begins with f7, a kind, the datagram's length (little-endian, as all numbers). Kinds: 2f search (product,
version, counter), 30 information (product, version, counter, key, name, a zero-ended text that is empty, settings,
slots, type, used slots, free slots, uptime, TCP port), 31 opened (product, version, counter), 32 refresh (counter,
used, free), 33 closed (counter). The settings have each block of seven bytes after one mask byte, a bit for each byte
that was left as it is; inside: flags, a zero byte, width, height, checksum, map path, host. Sources:
nielsAD/gowarcraft3 ``protocol/w3gs/packets.go``; opengsq/opengsq-python ``protocols/warcraft3.py``. There is no
query: a host answers the port that games have, which a question from here would take from the game.
"""

from __future__ import annotations

from lanrage.core.game_server import ServerFacts
from lanrage.errors import DecodeError
from lanrage.wire.games.cursor import Cursor, count, port, text
from lanrage.wire.games.formats import Format

PORT = 6112
MARK, INFO, OPENED, REFRESH, CLOSED = 0xF7, 0x30, 0x31, 0x32, 0x33
PRODUCTS = {b"3RAW": "warcraft3", b"PX3W": "warcraft3-frozen-throne"}


def read(payload: bytes, source_port: int) -> ServerFacts | None:
    """A game that is open, changed or closed."""
    del source_port
    if len(payload) < 4 or payload[0] != MARK or payload[1] not in _READERS:
        return None
    cursor = Cursor(payload, 2)
    if cursor.number("<H") != len(payload):
        raise DecodeError("Warcraft III: the length does not fit")
    return _READERS[payload[1]](cursor)


def _product(cursor: Cursor) -> tuple[str, str]:
    product, version = cursor.take(4), cursor.number("<I")
    return PRODUCTS.get(product, text(product)), f"1.{version}"


def _info(cursor: Cursor) -> ServerFacts:
    game, version = _product(cursor)
    cursor.numbers("<II")  # counter, key
    name = cursor.string()
    cursor.until_zero()
    path = _map(_unmask(cursor.until_zero()))
    total, _kind, used, _free, _uptime = cursor.numbers("<5I")
    return ServerFacts(
        "warcraft3",
        name,
        port(cursor.number("<H")),
        game,
        map=path.rpartition("\\")[2],
        version=version,
        players=count(used),
        players_limit=count(total),
    )


def _opened(cursor: Cursor) -> ServerFacts:
    game, version = _product(cursor)
    return ServerFacts("warcraft3", game=game, version=version)


def _refresh(cursor: Cursor) -> ServerFacts:
    _counter, used, free = cursor.numbers("<III")
    return ServerFacts("warcraft3", players=count(used), players_limit=count(used + free))


def _closed(cursor: Cursor) -> ServerFacts:
    cursor.number("<I")
    return ServerFacts("warcraft3", closing=True)


def _unmask(masked: bytes) -> bytes:
    out = bytearray()
    for begin in range(0, len(masked), 8):
        kept = masked[begin]
        for bit, byte in enumerate(masked[begin + 1 : begin + 8], 1):
            out.append(byte if kept >> bit & 1 else (byte - 1) & 0xFF)
    return bytes(out)


def _map(settings: bytes) -> str:
    cursor = Cursor(settings)
    cursor.numbers("<IBHHI")  # flags, zero, width, height, checksum
    return cursor.string()


_READERS = {INFO: _info, OPENED: _opened, REFRESH: _refresh, CLOSED: _closed}


LAN = Format("warcraft3", (PORT,), read)
