"""Minecraft: Java Edition.

An open world is announced to 224.0.2.60:4445 each 1.5 s as ``[MOTD]text[/MOTD][AD]port[/AD]`` (UTF-8); old versions
put an address before the port. Source: net.minecraft.client.multiplayer ``LanServerPinger``; minecraft.wiki, "Server
list ping".

A server tells its status by TCP: handshake (protocol, address, port, 1) and an empty request, each after its length
as a VarInt; the answer is a VarInt length, 0, and a VarInt-counted JSON text. Source: minecraft.wiki, "Java Edition
protocol/Server List Ping"; gamedig/node-gamedig ``protocols/minecraftvanilla.js``.
"""

from __future__ import annotations

import re
import struct
from typing import Any

import msgspec

from lanrage.core.game_server import ServerFacts
from lanrage.errors import DecodeError
from lanrage.wire.games.cursor import Cursor, count, digits, port, shown
from lanrage.wire.games.formats import Format, Query, Reply

LAN_PORT, GAME_PORT = 4445, 25565
STATUS_BYTES = 16_384
"""Of the JSON text: the icon that makes real ones larger is not wanted, and such a status is refused."""
DESCRIPTION_PARTS = 64
"""Parts of a formatted description that are read."""
_STYLE = re.compile("\u00a7.")


class _Players(msgspec.Struct):
    online: int = -1
    max: int = -1


class _Version(msgspec.Struct):
    name: str = ""


class _Status(msgspec.Struct):
    description: Any = ""
    players: _Players = msgspec.field(default_factory=_Players)
    version: _Version = msgspec.field(default_factory=_Version)


def plain(styled: str) -> str:
    """A text without the game's style marks."""
    return shown(_STYLE.sub("", styled))


def read_announcement(payload: bytes, source_port: int) -> ServerFacts | None:
    """An open world on the LAN."""
    del source_port
    motd, ad = _between(payload, b"MOTD"), _between(payload, b"AD")
    if motd is None or ad is None:
        return None
    told = digits(ad.rpartition(b":")[2].decode("latin-1"))
    if told is None:
        raise DecodeError("an open world's port is no number")
    return ServerFacts("minecraft-lan", plain(motd.decode("utf-8", "replace")), port(told), "minecraft-java")


def _between(payload: bytes, mark: bytes) -> bytes | None:
    """What is between ``[MARK]`` and ``[/MARK]``."""
    _, begun, rest = payload.partition(b"[" + mark + b"]")
    inside, ended, _ = rest.partition(b"[/" + mark + b"]")
    return inside if begun and ended else None


def _varint(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
    return out + bytes([value])


def _read_varint(cursor: Cursor) -> int:
    value = 0
    for shift in range(0, 35, 7):
        byte = cursor.byte()
        value |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return value
    raise DecodeError("a VarInt of more than five bytes")


def _packet(body: bytes) -> bytes:
    return _varint(len(body)) + body


def ask_status(token: int) -> tuple[bytes, ...]:
    """Handshake for the status (protocol version 0, as no version is meant) and the request."""
    del token
    handshake = b"\0\0" + _varint(9) + b"localhost" + struct.pack("!H", GAME_PORT) + b"\1"
    return (_packet(handshake) + _packet(b"\0"),)


def read_status(stream: bytes, token: int) -> ServerFacts | Reply | None:
    """The answer, when all of it is there."""
    del token
    try:
        cursor = Cursor(stream)
        size = _read_varint(cursor)
    except DecodeError:
        if len(stream) >= 5:
            raise
        return None
    if size > STATUS_BYTES:
        raise DecodeError(f"a status of more than {STATUS_BYTES} bytes")
    if cursor.left < size:
        return None
    body = Cursor(cursor.take(size))
    if _read_varint(body) != 0:
        raise DecodeError("another packet than the status")
    return _facts(body.take(_read_varint(body)))


def _facts(raw: bytes) -> ServerFacts:
    try:
        status = msgspec.json.decode(raw, type=_Status)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise DecodeError("a status that is not JSON of its kind") from error
    return ServerFacts(
        "minecraft",
        _description(status.description),
        game="minecraft-java",
        version=shown(status.version.name),
        players=count(status.players.online),
        players_limit=count(status.players.max),
    )


def _description(component: Any) -> str:
    """The text of a chat component: a string, a list, or an object with ``text`` and ``extra``."""
    parts: list[str] = []
    waiting: list[Any] = [component]
    for _ in range(DESCRIPTION_PARTS):
        if not waiting:
            break
        part = waiting.pop()
        if isinstance(part, str):
            parts.append(part)
        elif isinstance(part, list):
            waiting.extend(reversed(part[:DESCRIPTION_PARTS]))
        elif isinstance(part, dict):
            waiting.extend((part.get("extra"), part.get("text")))
    return plain("".join(parts))


LAN = Format("minecraft-lan", (LAN_PORT,), read_announcement)
STATUS = Query("minecraft", (GAME_PORT,), ask_status, read_status, tcp=True)
