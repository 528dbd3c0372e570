"""Hedgewars: a client broadcasts ``hedgewars client`` to 46631/udp, a server answers.

The answer is ``hedgewars server``, a line feed, its name. The game is TCP, the same number. Source: hedgewars/hw
``QTfrontend/net/netudpserver.cpp``, ``netudpwidget.cpp``.
"""

from __future__ import annotations

from lanrage.core.game_server import ServerFacts
from lanrage.wire.games.cursor import text
from lanrage.wire.games.formats import Format, Query, Reply

PORT = 46631
ANSWER = b"hedgewars server"


def read(payload: bytes, source_port: int) -> ServerFacts | None:
    """A server's answer."""
    del source_port
    if not payload.startswith(ANSWER):
        return None
    return ServerFacts("hedgewars", text(payload[len(ANSWER) :]), PORT, "hedgewars")


def ask(token: int) -> tuple[bytes, ...]:
    """The question."""
    del token
    return (b"hedgewars client",)


def read_answer(datagram: bytes, token: int) -> ServerFacts | Reply | None:
    """The answer."""
    del token
    return read(datagram, PORT)


LAN = Format("hedgewars", (), read)
QUERY = Query("hedgewars", (PORT,), ask, read_answer)
