"""Mindustry: a client sends fe 01 to 6567/udp (by broadcast, and to 227.2.7.7:20151), a server answers.

Network byte order, texts after their length (a byte): name, map, players, wave, build (32 bits each), kind of the
build, mode (a byte), most players (32 bits, 0: no limit), description, name of the mode, and newer servers add their
port (16 bits). Source: Anuken/Mindustry ``core/src/mindustry/net/NetworkIO.java`` (``writeServerData``);
gamedig/node-gamedig ``protocols/mindustry.js``.
"""

from __future__ import annotations

import re

from lanrage.core.game_server import ServerFacts
from lanrage.errors import DecodeError
from lanrage.wire.games.cursor import Cursor, count, port, shown
from lanrage.wire.games.formats import Format, Query, Reply

PORT = 6567
QUESTION = b"\xfe\x01"
MODES = ("survival", "sandbox", "attack", "pvp", "editor")
_COLOUR = re.compile(r"\[[#\w]*\]")


def read(payload: bytes, source_port: int) -> ServerFacts | None:
    """A server's answer; it has no mark, so what does not fit is none."""
    cursor = Cursor(payload)
    try:
        name, title = cursor.short_string(), cursor.short_string()
        players, _wave, build = cursor.numbers("!iii")
        kind, mode = cursor.short_string(), cursor.byte()
        most = cursor.number("!i")
        cursor.take(cursor.byte())
        custom = cursor.short_string() if cursor.left else ""
    except DecodeError:
        return None
    if count(players) is None or count(most) is None or mode >= len(MODES) or cursor.left not in (0, 2):
        return None
    return ServerFacts(
        "mindustry",
        shown(_COLOUR.sub("", name)),
        port(cursor.number("!H")) if cursor.left else source_port or None,
        "mindustry",
        map=shown(_COLOUR.sub("", title)),
        mode=custom or MODES[mode],
        version=f"{kind} {build}",
        players=players,
        players_limit=most or None,
    )


def ask(token: int) -> tuple[bytes, ...]:
    """The question."""
    del token
    return (QUESTION,)


def read_answer(datagram: bytes, token: int) -> ServerFacts | Reply | None:
    """The answer."""
    del token
    return read(datagram, PORT)


LAN = Format("mindustry", (), read)
QUERY = Query("mindustry", (PORT,), ask, read_answer)
