"""Luanti (Minetest, UDP 30000): no query is in public use, so an answer proves that the server is there, no more.

Network byte order: 4f457403, sender's number (16 bits), channel, a packet. A packet without a number from 0 makes the
server give one: 03 (reliable), sequence (16 bits), 00 (control), 01 (your number is), number (16 bits). 00 03
(control, goodbye) gives it back. Source: luanti-org/luanti ``src/network/mtp/internal.h``, ``impl.cpp``;
gamedig/node-gamedig ``protocols/minetest.js``.
"""

from __future__ import annotations

import struct

from lanrage.core.game_server import ServerFacts
from lanrage.wire.games.formats import Query, Reply

PORT = 30000
PROTOCOL = 0x4F45_7403
_HEAD = struct.Struct("!IHB")
_NUMBER = struct.Struct("!IHBBHBBH")
RELIABLE, CONTROL, SET_NUMBER, GOODBYE = 3, 0, 1, 3


def ask(token: int) -> tuple[bytes, ...]:
    """An empty packet of nobody."""
    del token
    return (_HEAD.pack(PROTOCOL, 0, 0) + b"\1",)


def read_answer(datagram: bytes, token: int) -> ServerFacts | Reply | None:
    """The number that the server gives us."""
    del token
    return ServerFacts("luanti", game="luanti") if _given(datagram) else None


def part(datagram: bytes) -> bytes:
    """The goodbye after an answer, so that the server keeps no player that is none."""
    return _HEAD.pack(PROTOCOL, _given(datagram), 0) + bytes([CONTROL, GOODBYE])


def _given(datagram: bytes) -> int:
    """The number, 0 for another packet."""
    if len(datagram) != _NUMBER.size:
        return 0
    protocol, _sender, _channel, kind, _sequence, packet, control, number = _NUMBER.unpack(datagram)
    known = (protocol, kind, packet, control) == (PROTOCOL, RELIABLE, CONTROL, SET_NUMBER)
    return int(number) if known else 0


QUERY = Query("luanti", (PORT,), ask, read_answer, farewell=part)
