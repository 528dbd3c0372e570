"""Armagetron Advanced (UDP 4534).

Network byte order. A message: descriptor, id, length in 16-bit words, so many words; a datagram ends with the
sender's number (17: not logged in). 52 asks for the address and is answered by 50; 53 asks for everything and is
answered by 51; a server that does not talk to the list server answers 53 only after a 52. 51 holds: port, address,
name, players, oldest and newest protocol, release, most players, players' names, options, page, accounts. Numbers
have 32 bits, the low word first; texts follow their length with the zero at the end, each pair of bytes swapped.
Colours are 0xRRGGBB. Source: ArmagetronAd/armagetronad ``src/network/nServerInfo.cpp`` (``NetWriteThis``,
``GiveBigServerInfo``), ``nNetwork.cpp``; gamedig/node-gamedig ``protocols/armagetron.js``.
"""

from __future__ import annotations

import re
import struct

from lanrage.core.game_server import ServerFacts
from lanrage.errors import DecodeError
from lanrage.wire.games.cursor import Cursor, count, port, shown, text
from lanrage.wire.games.formats import Format, Query, Reply

PORT = 4534
ADDRESS, INFORMATION, ASK_ADDRESS, ASK_INFORMATION = 50, 51, 52, 53
STRANGER = 17
_HEAD = struct.Struct("!HHH")
_COLOUR = re.compile(r"0x(RESETT|[0-9a-fA-F]{6})")


def read(payload: bytes, source_port: int) -> ServerFacts | None:
    """A server's information."""
    del source_port
    if len(payload) < _HEAD.size or _HEAD.unpack_from(payload)[0] != INFORMATION:
        return None
    words = _HEAD.unpack_from(payload)[2]
    if len(payload) < _HEAD.size + 2 * words:
        raise DecodeError("Armagetron: the message is cut off")
    cursor = Cursor(payload[: _HEAD.size + 2 * words], _HEAD.size)
    game_port, _address, name, players = _number(cursor), _string(cursor), _string(cursor), _number(cursor)
    _oldest, _newest, release, most = _number(cursor), _number(cursor), _string(cursor), _number(cursor)
    return ServerFacts(
        "armagetron",
        shown(_COLOUR.sub("", name)),
        port(game_port),
        "armagetron",
        version=release,
        players=count(players),
        players_limit=count(most),
    )


def _number(cursor: Cursor) -> int:
    low, high = cursor.numbers("!HH")
    return high << 16 | low


def _string(cursor: Cursor) -> str:
    size = cursor.number("!H")
    swapped = cursor.take(size + size % 2)
    plain = bytearray(len(swapped))
    plain[::2], plain[1::2] = swapped[1::2], swapped[::2]
    return text(bytes(plain[:size]).partition(b"\0")[0])


def ask(token: int) -> tuple[bytes, ...]:
    """Both questions, the one that opens the door first."""
    del token
    return tuple(_HEAD.pack(kind, 0, 0) + struct.pack("!H", STRANGER) for kind in (ASK_ADDRESS, ASK_INFORMATION))


def read_answer(datagram: bytes, token: int) -> ServerFacts | Reply | None:
    """The second answer; the first says nothing."""
    del token
    return read(datagram, PORT)


LAN = Format("armagetron", (), read)
QUERY = Query("armagetron", (PORT,), ask, read_answer)
