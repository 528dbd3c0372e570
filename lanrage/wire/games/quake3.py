"""Quake III Arena and its family (OpenArena, Xonotic, Jedi Knight, Call of Duty, ...), UDP 27960.

ff ff ff ff, a word, a line feed, pairs ``\\key\\value``. ``getinfo CHALLENGE`` is answered by ``infoResponse``; clients
on a LAN send it to the broadcast address and to ff04::696f:7175:616b:6533. Source: ioquake/ioq3
``code/server/sv_main.c`` (``SVC_Info``), ``code/client/cl_main.c``; DarkPlacesEngine/DarkPlaces ``netconn.c``.
"""

from __future__ import annotations

import re

from lanrage.core.game_server import ServerFacts
from lanrage.wire.games.cursor import digits, shown, text
from lanrage.wire.games.formats import Format, Query, Reply

PORT = 27960
HEAD = b"\xff\xff\xff\xff"
ANSWER = HEAD + b"infoResponse"
PAIRS_MOST = 128
"""Keys of one answer; real ones have a dozen."""
_COLOUR = re.compile(r"\^(x[0-9a-fA-F]{3}|[^\^])")


def pairs(line: bytes) -> dict[str, str]:
    """Keys and values, the keys in small letters."""
    parts = line.split(b"\\", 2 * PAIRS_MOST + 1)[1:]
    return {text(key).lower(): text(value) for key, value in zip(parts[::2], parts[1::2], strict=False)}


def read(payload: bytes, source_port: int) -> ServerFacts | None:
    """A server's answer; players connect to the port that it came from."""
    if not payload.startswith(ANSWER):
        return None
    told = pairs(payload[len(ANSWER) :].strip(b"\n\0 "))
    mode, protocol = told.get("gametype", ""), told.get("protocol", "")
    needed = told.get("g_needpass", told.get("pswrd", told.get("needpass")))
    return ServerFacts(
        "quake3",
        shown(_COLOUR.sub("", told.get("hostname", told.get("sv_hostname", "")))),
        source_port or None,
        told.get("gamename", told.get("game", "")),
        map=told.get("mapname", ""),
        mode="" if mode.isdigit() else mode,  # the numbers mean something else in each game
        version=f"protocol {protocol}" if protocol else "",
        players=digits(told.get("clients", "")),
        players_limit=digits(told.get("sv_maxclients", "")),
        password=needed == "1" if needed is not None else None,
    )


def ask(token: int) -> tuple[bytes, ...]:
    """The question with our challenge."""
    return (HEAD + b"getinfo %d" % token,)


def read_answer(datagram: bytes, token: int) -> ServerFacts | Reply | None:
    """The answer to our challenge; some games do not give it back."""
    challenge = pairs(datagram[len(ANSWER) :]).get("challenge")
    return read(datagram, 0) if challenge in (None, str(token)) else None


LAN = Format("quake3", (), read)
WARSOW = Query("warsow", (44400,), ask, read_answer)
QUERY = Query("quake3", (PORT, 27961, 27962, 27963), ask, read_answer)
