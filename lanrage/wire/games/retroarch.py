"""RetroArch netplay: a client broadcasts ``RANQ`` to 55435/udp, a host answers to the asker.

Answer, network byte order: ``RANS``, checksum of the content, port (32 bits each), password (bit 0: to play, bit 1:
to watch), nick, frontend, core, its version, RetroArch's version (32 bytes each), content, subsystem (256 bytes
each). Source: libretro/RetroArch ``network/netplay/netplay_frontend.c`` (``struct ad_packet``), since 1.10.
"""

from __future__ import annotations

from lanrage.core.game_server import ServerFacts
from lanrage.wire.games.cursor import Cursor, port
from lanrage.wire.games.formats import Format, Query, Reply

PORT = 55435
QUESTION, ANSWER = b"RANQ", b"RANS"


def read(payload: bytes, source_port: int) -> ServerFacts | None:
    """A host's answer."""
    del source_port
    if not payload.startswith(ANSWER):
        return None
    cursor = Cursor(payload, 4)
    _checksum, game_port, password = cursor.numbers("!iiI")
    nick, _frontend, core, _core_version, version = (cursor.field(32) for _ in range(5))
    return ServerFacts(
        "retroarch",
        nick,
        port(game_port),
        core,
        map=cursor.field(256),
        version=version,
        password=bool(password & 1),
    )


def ask(token: int) -> tuple[bytes, ...]:
    """The question."""
    del token
    return (QUESTION,)


def read_answer(datagram: bytes, token: int) -> ServerFacts | Reply | None:
    """The answer."""
    del token
    return read(datagram, PORT)


LAN = Format("retroarch", (), read)
QUERY = Query("retroarch", (PORT,), ask, read_answer)
