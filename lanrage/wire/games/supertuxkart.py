"""SuperTuxKart: a client broadcasts 0a ``stk-server`` to 2757/udp, a server answers.

Network byte order: version (32 bits), name after its length (a byte), most players, players, port (16 bits),
difficulty, mode, password, started, track after its length. Source: supertuxkart/stk-code
``src/network/stk_host.cpp`` (``handleDirectSocketRequest``), ``src/online/servers_manager.cpp``.
"""

from __future__ import annotations

from lanrage.core.game_server import ServerFacts
from lanrage.errors import DecodeError
from lanrage.wire.games.cursor import Cursor, count, port
from lanrage.wire.games.formats import Format, Query, Reply

PORT = 2757
QUESTION = b"\x0astk-server"
MODES = {
    0: "grand prix",
    1: "grand prix time trial",
    3: "race",
    4: "time trial",
    6: "soccer",
    7: "battle",
    8: "capture the flag",
}


def read(payload: bytes, source_port: int) -> ServerFacts | None:
    """A server's answer; it has no mark, so what does not fit to the last byte is none."""
    del source_port
    cursor = Cursor(payload)
    try:
        version, name = cursor.number("!I"), cursor.short_string()
        most, players, game_port, _difficulty, mode, password, started = cursor.numbers("!BBHBBBB")
        track = cursor.short_string()
    except DecodeError:
        return None
    if cursor.left or password > 1 or started > 1 or version > 0xFFFF:
        return None
    return ServerFacts(
        "supertuxkart",
        name,
        port(game_port),
        "supertuxkart",
        map=track,
        mode=MODES.get(mode, ""),
        version=str(version),
        players=count(players),
        players_limit=count(most),
        password=bool(password),
    )


def ask(token: int) -> tuple[bytes, ...]:
    """The question."""
    del token
    return (QUESTION,)


def read_answer(datagram: bytes, token: int) -> ServerFacts | Reply | None:
    """The answer."""
    del token
    return read(datagram, PORT)


LAN = Format("supertuxkart", (), read)
QUERY = Query("supertuxkart", (PORT,), ask, read_answer)
