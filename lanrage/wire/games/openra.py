"""OpenRA: a client broadcasts the name of the beacon to 35891/udp, a server answers.

Texts are UTF-8 after their length (16 bits, network byte order). Question: ``OpenRALANGame``. Answer: the same, a
port that means nothing, a text in which each line has tabs, a key, a colon and a value: ``Name``, ``Address`` (its
port is the game's), ``Mod``, ``Version``, ``Map`` (a checksum), ``Players``, ``MaxPlayers``, ``Protected``, and below
``Clients`` those that are there. Sources: rix0rrr/beacon ``BeaconLib/Beacon.cs``; OpenRA/OpenRA
``OpenRA.Game/Network/GameServer.cs`` (``ToPOSTData``).
"""

from __future__ import annotations

from lanrage.core.game_server import ServerFacts
from lanrage.errors import DecodeError
from lanrage.wire.games.cursor import Cursor, digits, port, shown
from lanrage.wire.games.formats import Format, Query, Reply

PORT = 35891
QUESTION = b"\x00\x0dOpenRALANGame"
LINES_MOST = 512
"""Of one answer: some dozens with every client."""


def read(payload: bytes, source_port: int) -> ServerFacts | None:
    """A server's answer."""
    del source_port
    if not payload.startswith(QUESTION) or len(payload) <= len(QUESTION) + 2:
        return None
    cursor = Cursor(payload, len(QUESTION) + 2)
    told = _values(cursor.take(cursor.number("!H")).decode("utf-8", "replace"))
    game_port = digits(told.get("Address", "").rpartition(":")[2])
    if game_port is None:
        raise DecodeError("OpenRA: no port in the address")
    protected = told.get("Protected", "").lower()
    return ServerFacts(
        "openra",
        told.get("Name", ""),
        port(game_port),
        told.get("Mod", ""),
        map=told.get("Map", ""),
        version=told.get("Version", ""),
        players=digits(told.get("Players", "")),
        players_limit=digits(told.get("MaxPlayers", "")),
        password=protected == "true" if protected else None,
    )


def _values(lines: str) -> dict[str, str]:
    """The keys one tab deep: deeper ones are of clients."""
    pairs = (
        line[1:].partition(":") for line in lines.split("\n", LINES_MOST)[:LINES_MOST] if line[:1] == "\t" != line[1:2]
    )
    return {key.strip(): shown(value) for key, _, value in pairs}


def ask(token: int) -> tuple[bytes, ...]:
    """The question."""
    del token
    return (QUESTION,)


def read_answer(datagram: bytes, token: int) -> ServerFacts | Reply | None:
    """The answer."""
    del token
    return read(datagram, PORT)


LAN = Format("openra", (), read)
QUERY = Query("openra", (PORT,), ask, read_answer)
