"""Zandronum (and Skulltag): a server broadcasts its launcher information to 15101 each second; queries at 10666.

Everything is Huffman-coded (:mod:`lanrage.wire.games.huffman`), numbers little-endian, texts zero-ended. Answer:
5660023 (32 bits), the asker's time (32 bits), version, flags (32 bits), and what the flags say, in this order: name,
website, e-mail, map, most clients and most players (bytes), files (count, names), mode and two modifiers (bytes),
game, main file, password to connect and to join (bytes), skill, bots' skill, rules (three 32-bit), limits (16 bits
each, the time that is left only with a time limit), team damage (32 bits), two scores of teams (16 bits), players
(byte). Question: 199, flags, time. Sources: doomtech/zandronum ``src/sv_master.cpp``
(``SERVER_MASTER_SendServerInfo``, ``SERVER_MASTER_Broadcast``); wiki.zandronum.com, "Launcher protocol".
"""

from __future__ import annotations

import struct

import attrs

from lanrage.core.game_server import ServerFacts
from lanrage.wire.games import huffman
from lanrage.wire.games.cursor import Cursor, count
from lanrage.wire.games.formats import Format, Query, Reply

LAN_PORT, GAME_PORT = 15101, 10666
ANSWER, QUESTION = 5_660_023, 199
NAME, WEBSITE, MAIL, MAP, CLIENTS, PLAYERS_MOST, FILES, MODE = (1 << bit for bit in range(8))
GAME, MAIN_FILE, PASSWORD, JOIN_PASSWORD, SKILL, BOT_SKILL, RULES = (1 << bit for bit in range(8, 15))
LIMITS, TEAM_DAMAGE, TEAM_SCORES, PLAYERS = (1 << bit for bit in range(16, 20))
WANTED = NAME | MAP | CLIENTS | PLAYERS_MOST | MODE | PASSWORD | JOIN_PASSWORD | PLAYERS
MODES = ("cooperative", "survival", "invasion", "deathmatch", "teamplay", "duel", "terminator", "last man standing")


@attrs.define
class _Info:
    """What was read up to now."""

    name: str = ""
    map: str = ""
    mode: str = ""
    password: bool | None = None
    limit: int | None = None
    players: int | None = None


def read(payload: bytes, source_port: int) -> ServerFacts | None:
    """A server; players connect to the port that it came from."""
    if huffman.decode(payload, 4) != ANSWER.to_bytes(4, "little"):
        return None
    cursor = Cursor(huffman.decode(payload), 8)
    version, flags = cursor.string(), cursor.number("<I")
    info = _Info()
    _read_texts(cursor, flags, info)
    _read_rules(cursor, flags, info)
    return ServerFacts(
        "zandronum",
        info.name,
        source_port or None,
        "zandronum",
        map=info.map,
        mode=info.mode,
        version=version,
        players=info.players,
        players_limit=info.limit,
        password=info.password,
    )


def _read_texts(cursor: Cursor, flags: int, info: _Info) -> None:
    """Name to join password."""
    texts = {bit: cursor.string() for bit in (NAME, WEBSITE, MAIL, MAP) if flags & bit}
    info.name, info.map = texts.get(NAME, ""), texts.get(MAP, "")
    for bit in (CLIENTS, PLAYERS_MOST):
        if flags & bit:
            info.limit = cursor.byte()
    if flags & FILES:
        for _ in range(cursor.byte()):
            cursor.until_zero()
    if flags & MODE:
        mode, _instagib, _buckshot = cursor.numbers("BBB")
        info.mode = MODES[mode] if mode < len(MODES) else ""
    for bit in (GAME, MAIN_FILE):
        if flags & bit:
            cursor.until_zero()
    for bit in (PASSWORD, JOIN_PASSWORD):
        if flags & bit:
            info.password = bool(cursor.byte()) or bool(info.password)


def _read_rules(cursor: Cursor, flags: int, info: _Info) -> None:
    """Skill to players."""
    for bit, size in ((SKILL, 1), (BOT_SKILL, 1), (RULES, 12)):
        if flags & bit:
            cursor.take(size)
    if flags & LIMITS:
        _frags, minutes = cursor.numbers("<HH")
        cursor.take(8 if minutes else 6)
    for bit in (TEAM_DAMAGE, TEAM_SCORES):
        if flags & bit:
            cursor.take(4)
    if flags & PLAYERS:
        info.players = count(cursor.byte())


def ask(token: int) -> tuple[bytes, ...]:
    """A launcher's question; the time in it comes back."""
    return (huffman.encode(struct.pack("<III", QUESTION, WANTED, token)),)


def read_answer(datagram: bytes, token: int) -> ServerFacts | Reply | None:
    """The answer to our time."""
    head = huffman.decode(datagram, 8)
    return read(datagram, 0) if head == struct.pack("<II", ANSWER, token) else None


LAN = Format("zandronum", (LAN_PORT,), read)
QUERY = Query("zandronum", (GAME_PORT,), ask, read_answer)
