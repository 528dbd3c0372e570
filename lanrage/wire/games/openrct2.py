"""OpenRCT2: a client broadcasts ``openrct2.server.query`` to 11754/udp, a server answers with JSON and a zero byte.

Keys: name, requiresPassword, version, players, maxPlayers, port. Source: OpenRCT2/OpenRCT2
``src/openrct2/network/NetworkServerAdvertiser.cpp`` (``LANServerAdvertiser``), ``ServerList.cpp``.
"""

from __future__ import annotations

import msgspec

from lanrage.core.game_server import ServerFacts
from lanrage.errors import DecodeError
from lanrage.wire.games.cursor import count, port, shown
from lanrage.wire.games.formats import Format, Query, Reply

PORT = 11754
QUESTION = b"openrct2.server.query"


class _Server(msgspec.Struct, rename="camel"):
    name: str
    port: int
    version: str
    players: int = -1
    max_players: int = -1
    requires_password: bool | None = None


def read(payload: bytes, source_port: int) -> ServerFacts | None:
    """A server's answer."""
    del source_port
    if payload[:1] != b"{":
        return None
    try:
        server = msgspec.json.decode(payload.rstrip(b"\0"), type=_Server)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise DecodeError("OpenRCT2: not the JSON of a server") from error
    return ServerFacts(
        "openrct2",
        shown(server.name),
        port(server.port),
        "openrct2",
        version=shown(server.version),
        players=count(server.players),
        players_limit=count(server.max_players),
        password=server.requires_password,
    )


def ask(token: int) -> tuple[bytes, ...]:
    """The question."""
    del token
    return (QUESTION,)


def read_answer(datagram: bytes, token: int) -> ServerFacts | Reply | None:
    """The answer."""
    del token
    return read(datagram, PORT)


LAN = Format("openrct2", (), read)
QUERY = Query("openrct2", (PORT,), ask, read_answer)
