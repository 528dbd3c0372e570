"""BZFlag (port 5154, UDP and TCP; network byte order). No answer carries a name: that is told to the list server alone.

UDP: 0002 0404 0000 asks. Answer: length, 0303, version (8 characters), the server's id (address, port, number: 8
bytes), the asker's address (length byte and it), style, options, shots, five numbers (16 bits each), most players,
then players and most players of six teams (bytes), observers last. TCP: ``BZFLAG`` and two line ends ask; version (8
characters) and a player's id (255: refused); then messages: length, code (16 bits each), body. ``qg`` asks; its
answer: style, options, most players, shots, players of the six teams, most players of each, five numbers, and the
time. Source: BZFlag-Dev/bzflag ``src/net/Ping.cxx``, ``misc/bzfquery.pl``, ``include/Protocol.h``.
"""

from __future__ import annotations

import struct

import attrs

from lanrage.core.game_server import ServerFacts
from lanrage.errors import DecodeError
from lanrage.wire.games.cursor import Cursor, count
from lanrage.wire.games.formats import Format, Query, Reply

PORT = 5154
PING, PONG, QUERY_GAME = 0x0404, 0x0303, 0x7167
STYLES = ("team free-for-all", "capture the flag", "free-for-all", "rabbit chase")
HELLO, HELLO_BYTES, REFUSED = b"BZFLAG\r\n\r\n", 9, 255
MESSAGES_MOST = 16
"""A server sends few messages before the answer."""


def _style(number: int) -> str:
    return STYLES[number] if number < len(STYLES) else ""


def _facts(version: bytes, style: int, players: int, most: int) -> ServerFacts:
    release = version[4:].decode("latin-1")
    if version[:4] != b"BZFS" or not (release.isascii() and release.isdigit()):
        raise DecodeError("BZFlag: no version")
    return ServerFacts(
        "bzflag",
        game="bzflag",
        mode=_style(style),
        version=release,
        players=count(players),
        players_limit=count(most),
    )


def read(payload: bytes, source_port: int) -> ServerFacts | None:
    """A server's UDP answer."""
    if len(payload) < 4 or struct.unpack_from("!HH", payload) != (len(payload) - 4, PONG):
        return None
    cursor = Cursor(payload, 4)
    version = cursor.take(8)
    _address, game_port, _number = cursor.numbers("!IHH")
    cursor.take(cursor.byte())
    style = cursor.numbers("!8H")[0]
    most, *teams = cursor.numbers("!13B")
    facts = _facts(version, style, sum(teams[:-2:2]), most)
    return attrs.evolve(facts, port=game_port or source_port or None)


def ping(token: int) -> tuple[bytes, ...]:
    """The UDP question."""
    del token
    return (struct.pack("!HHH", 2, PING, 0),)


def read_pong(datagram: bytes, token: int) -> ServerFacts | Reply | None:
    """The UDP answer."""
    del token
    return read(datagram, PORT)


def ask(token: int) -> tuple[bytes, ...]:
    """The greeting and the question, in one go."""
    del token
    return (HELLO + struct.pack("!HH", 0, QUERY_GAME),)


def read_stream(stream: bytes, token: int) -> ServerFacts | Reply | None:
    """The answer, when all of it is there; other messages before it are skipped."""
    del token
    if len(stream) < HELLO_BYTES:
        return None
    if stream[HELLO_BYTES - 1] == REFUSED:
        raise DecodeError("BZFlag: the server refuses us")
    at = HELLO_BYTES
    for _ in range(MESSAGES_MOST):
        if len(stream) < at + 4:
            return None
        size, code = struct.unpack_from("!HH", stream, at)
        if len(stream) < at + 4 + size:
            return None
        if code == QUERY_GAME:
            style, _options, most, _shots, *teams = Cursor(stream[at + 4 : at + 4 + size]).numbers("!10H")
            return _facts(stream[:8], style, sum(teams[:-1]), most)
        at += 4 + size
    raise DecodeError("BZFlag: other messages only")


LAN = Format("bzflag", (), read)
PING_QUERY = Query("bzflag-ping", (PORT,), ping, read_pong)
QUERY = Query("bzflag", (PORT,), ask, read_stream, tcp=True)
