"""DDNet and Teeworlds 0.6: one question with a small token (UDP 8303-8310).

``xe``, two bytes of token, two zero bytes, ff ff ff ff, ``gie3``, one byte of token. The answer has six bytes of
head, ff ff ff ff, then zero-ended texts. ``inf3`` (0.6): token, version, name, map, mode, flags, players, most
players, clients, most clients. ``iext`` (DDNet): token, version, name, map, its checksum and size, mode, flags and
the same four. Numbers are decimal, bit 0 of the flags is the password. Source: ddnet/ddnet
``src/engine/server/server.cpp`` (``CacheServerInfo``), ``src/engine/client/serverbrowser.cpp``.
"""

from __future__ import annotations

import struct

from lanrage.core.game_server import ServerFacts
from lanrage.errors import DecodeError
from lanrage.wire.games.cursor import digits, text
from lanrage.wire.games.formats import Format, Query, Reply

PORTS = tuple(range(8303, 8311))
GET_INFO, INFO, EXTENDED = b"\xff\xff\xff\xffgie3", b"\xff\xff\xff\xffinf3", b"\xff\xff\xff\xffiext"
HEAD_BYTES = 6
TEXTS = {INFO: 10, EXTENDED: 12}
"""How many texts there must be, of those that are read."""
TOKEN_MASK = 0xFF_FFFF


def _texts(payload: bytes) -> tuple[bytes, list[str]]:
    """The kind and the texts after it; ``b""`` for another kind."""
    kind = payload[HEAD_BYTES : HEAD_BYTES + len(INFO)]
    if kind not in TEXTS:
        return b"", []
    texts = [text(raw) for raw in payload[HEAD_BYTES + len(INFO) :].split(b"\0", TEXTS[kind])]
    if len(texts) <= TEXTS[kind]:
        raise DecodeError("DDNet: the information is cut off")
    return kind, texts


def read(payload: bytes, source_port: int) -> ServerFacts | None:
    """A server's information, old or extended; players connect to the port that it came from."""
    kind, texts = _texts(payload)
    if not kind:
        return None
    _token, version, name, level = texts[:4]
    mode, flags, _players, _players_most, clients, clients_most = texts[4:10] if kind == INFO else texts[6:12]
    return ServerFacts(
        "ddnet",
        name,
        source_port or None,
        "ddnet" if kind == EXTENDED else "teeworlds",
        map=level,
        mode=mode,
        version=version,
        players=digits(clients),
        players_limit=digits(clients_most),
        password=bool((digits(flags) or 0) & 1),
    )


def ask(token: int) -> tuple[bytes, ...]:
    """The question with 24 bits of our token."""
    token &= TOKEN_MASK
    return (b"xe" + struct.pack("!H", token >> 8) + b"\0\0" + GET_INFO + bytes([token & 0xFF]),)


def read_answer(datagram: bytes, token: int) -> ServerFacts | Reply | None:
    """Only what gives our token back counts, whole or, as 0.6 does, its last byte alone."""
    token &= TOKEN_MASK
    kind, texts = _texts(datagram)
    whole = token & 0xFF | token >> 8 << 8
    wanted = {EXTENDED: {whole}, INFO: {whole, token & 0xFF}}.get(kind, set())
    return read(datagram, 0) if kind and texts[0] in {str(each) for each in wanted} else None


LAN = Format("ddnet", (), read)
QUERY = Query("ddnet", PORTS, ask, read_answer)
