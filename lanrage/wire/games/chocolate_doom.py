"""Chocolate Doom (and Heretic, Hexen, Strife): a client sends 00 0d to 2342/udp, a server answers 00 0e.

Answer: version (zero-ended), state, players, most players, game's mode and mission (bytes), name (zero-ended), since
3.0 protocols. Source: chocolate-doom/chocolate-doom ``src/net_query.c``, ``src/net_structrw.c``
(``NET_WriteQueryData``), ``src/net_defs.h``.
"""

from __future__ import annotations

from lanrage.core.game_server import ServerFacts
from lanrage.wire.games.cursor import Cursor, count
from lanrage.wire.games.formats import Format, Query, Reply

PORT = 2342
QUESTION, ANSWER = b"\x00\x0d", b"\x00\x0e"
MISSIONS = {0: "doom", 1: "doom2", 2: "tnt", 3: "plutonia", 6: "heretic", 7: "hexen", 8: "strife"}


def read(payload: bytes, source_port: int) -> ServerFacts | None:
    """A server's answer; players connect to the port that it came from."""
    if not payload.startswith(ANSWER):
        return None
    cursor = Cursor(payload, len(ANSWER))
    version = cursor.string()
    state, players, most, _mode, mission = cursor.numbers("bbbbb")
    return ServerFacts(
        "chocolate-doom",
        cursor.string(),
        source_port or None,
        MISSIONS.get(mission, ""),
        mode="in game" if state > 1 else "waiting",
        version=version,
        players=count(players),
        players_limit=count(most),
    )


def ask(token: int) -> tuple[bytes, ...]:
    """The question."""
    del token
    return (QUESTION,)


def read_answer(datagram: bytes, token: int) -> ServerFacts | Reply | None:
    """The answer."""
    del token
    return read(datagram, 0)


LAN = Format("chocolate-doom", (), read)
QUERY = Query("chocolate-doom", (PORT,), ask, read_answer)
