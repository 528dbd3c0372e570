"""Minecraft: Bedrock Edition and others on RakNet (UDP 19132, IPv6 19133).

Question: 01, time (64 bits, network byte order), 00ffff00fefefefefdfdfdfd12345678, client's id (64 bits); clients on
a LAN broadcast it. Answer: 1c, the time, server's id, the same sixteen bytes, a text after its length (16 bits):
edition, name, protocol, version, players, most players, id, second name, mode, number of the mode, port, IPv6 port
between semicolons. Source: minecraft.wiki, "Bedrock Edition protocol/RakNet"; opengsq/opengsq-python
``protocols/raknet.py``; gamedig ``protocols/minecraftbedrock.js``.
"""

from __future__ import annotations

import struct

from lanrage.core.game_server import ServerFacts
from lanrage.errors import DecodeError
from lanrage.wire.games.cursor import Cursor, digits, port
from lanrage.wire.games.formats import Format, Query, Reply
from lanrage.wire.games.minecraft import plain

PORT = 19132
MAGIC = bytes.fromhex("00ffff00fefefefefdfdfdfd12345678")
PING, PONG = 0x01, 0x1C
EDITIONS = ("MCPE", "MCEE")
GUID = 0


def read(payload: bytes, source_port: int) -> ServerFacts | None:
    """A server's answer."""
    if payload[:1] != bytes([PONG]) or payload[17:33] != MAGIC:
        return None
    cursor = Cursor(payload, 33)
    told = cursor.take(cursor.number("!H")).decode("utf-8", "replace").split(";", 12)
    if len(told) < 6:
        raise DecodeError("RakNet: an answer of too few parts")
    told += [""] * (12 - len(told))
    game_port = digits(told[10])
    return ServerFacts(
        "raknet",
        plain(told[1]),
        port(game_port) if game_port else source_port or None,
        "minecraft-bedrock" if told[0] in EDITIONS else plain(told[0]),
        map=plain(told[7]),
        mode=plain(told[8]),
        version=plain(told[3]),
        players=digits(told[4]),
        players_limit=digits(told[5]),
    )


def ask(token: int) -> tuple[bytes, ...]:
    """A ping whose time is our token."""
    return (struct.pack("!BQ16sQ", PING, token, MAGIC, GUID),)


def read_answer(datagram: bytes, token: int) -> ServerFacts | Reply | None:
    """The pong to our time."""
    return read(datagram, 0) if datagram[1:9] == struct.pack("!Q", token) else None


LAN = Format("raknet", (), read)
QUERY = Query("raknet", (PORT,), ask, read_answer)
