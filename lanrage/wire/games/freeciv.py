"""Freeciv: a client asks the group 225.1.1.1:4555, the servers answer to the same group, port 4556 (TTL 1).

The question is one byte, the version of the LAN protocol: 1 up to freeciv 2, 2 since. A server takes it by unicast as
well; its answer goes to the group all the same. Answer: the version, then zero-ended texts: host, port, release,
state, players, since version 2 humans among them, message. Source: freeciv/freeciv ``server/sernet.c``
(``send_lanserver_response``), ``common/connection.h``.
"""

from __future__ import annotations

from lanrage.core.game_server import ServerFacts
from lanrage.errors import DecodeError
from lanrage.wire.games.cursor import Cursor, digits, port
from lanrage.wire.games.formats import Format, Group, Query, Reply

ASK_PORT, ANSWER_PORT, GROUP = 4555, 4556, "225.1.1.1"
VERSIONS = (1, 2)
NO_MESSAGES = ("", "-")


def read(payload: bytes, source_port: int) -> ServerFacts | None:
    """A server's answer."""
    del source_port
    if len(payload) < 2 or payload[0] not in VERSIONS or payload[-1]:
        return None
    cursor = Cursor(payload, 1)
    host, told_port, release, state, players = (cursor.string() for _ in range(5))
    humans = cursor.string() if payload[0] == 2 else players
    message = cursor.string()
    game_port = digits(told_port)
    if game_port is None:
        raise DecodeError("Freeciv: a port that is no number")
    return ServerFacts(
        "freeciv",
        host if message in NO_MESSAGES else message,
        port(game_port),
        "freeciv",
        mode=state,
        version=release,
        players=digits(humans),
    )


def ask(token: int) -> tuple[bytes, ...]:
    """The question in both versions, the newer first: a server reads one a second, and answers its own alone."""
    del token
    return tuple(bytes([version]) for version in reversed(VERSIONS))


def read_answer(datagram: bytes, token: int) -> ServerFacts | Reply | None:
    """Whatever the group carries from the server that was asked."""
    del token
    return read(datagram, ASK_PORT)


LAN = Format("freeciv", (ANSWER_PORT,), read)
QUERY = Query("freeciv", (ASK_PORT,), ask, read_answer, group=Group(GROUP, ANSWER_PORT))
