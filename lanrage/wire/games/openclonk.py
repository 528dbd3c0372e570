"""OpenClonk: a host tells its port to ff02::1, port 11114, when its lobby opens and when a client asks.

A character and a 16-bit number in a structure of the host's compiler: 04, a byte that means nothing, port
(little-endian). 03 asks. Source: openclonk/openclonk ``src/network/C4NetIO.cpp``, ``C4Network2Discover.cpp``
(``C4Network2IODiscover``).
"""

from __future__ import annotations

from lanrage.core.game_server import ServerFacts
from lanrage.wire.games.cursor import Cursor, port
from lanrage.wire.games.formats import Format

PORT, KIND, SIZE = 11114, 4, 4


def read(payload: bytes, source_port: int) -> ServerFacts | None:
    """A host; all that it tells is where it is."""
    del source_port
    if len(payload) != SIZE or payload[0] != KIND:
        return None
    return ServerFacts("openclonk", port=port(Cursor(payload, 2).number("<H")), game="openclonk")


LAN = Format("openclonk", (PORT,), read)
