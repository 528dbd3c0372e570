"""A player of BZFlag without a screen: ``python -m lanrage.lab.bzflag_player ADDRESS PORT NAME`` joins a real server.

It says what the game's own client says when it joins (TCP, network byte order): ``BZFLAG`` and two line ends; the
server gives its version and the player's number (255: none is free). Messages are length, code (16 bits each), body.
``en`` enters: kind 0 (a tank), team 0 (rogue), name, motto, token and version of 32, 128, 22 and 60 bytes; the server
answers ``ac``, or ``rj`` and why. It asks ``pi`` now and then, and gets the same back. Source: BZFlag-Dev/bzflag
``include/Protocol.h``, ``src/bzflag/ServerLink.cxx`` (``sendEnter``); tried with BZFlag 2.4.26.
"""

from __future__ import annotations

import socket
import struct
import sys
from collections.abc import Iterator

from lanrage.errors import DecodeError

HELLO, HELLO_BYTES, FULL = b"BZFLAG\r\n\r\n", 9, 255
ENTER, ACCEPT, REJECT, LAG_PING = 0x656E, 0x6163, 0x726A, 0x7069
NAME_BYTES, MOTTO_BYTES, TOKEN_BYTES, VERSION_BYTES = 32, 128, 22, 60
_HEAD = struct.Struct("!HH")
ANSWER_S = 10.0
"""Seconds for the server to take a player."""
JOINED = "joined"
"""What is printed once it has."""


def message(code: int, body: bytes) -> bytes:
    """One message."""
    return _HEAD.pack(len(body), code) + body


def enter(name: str) -> bytes:
    """A tank of no team comes in.

    :param name: cut at 31 bytes.
    """
    texts = ((name, NAME_BYTES), ("", MOTTO_BYTES), ("", TOKEN_BYTES), ("2.4", VERSION_BYTES))
    body = b"".join(text.encode()[: size - 1].ljust(size, b"\0") for text, size in texts)
    return message(ENTER, struct.pack("!HH", 0, 0) + body + b"\0")


def messages(buffer: bytearray) -> Iterator[tuple[int, bytes]]:
    """Codes and bodies of the messages that are whole; they are taken out of the buffer."""
    while len(buffer) >= _HEAD.size:
        size, code = _HEAD.unpack_from(buffer)
        end = _HEAD.size + size
        if len(buffer) < end:
            return
        body = bytes(buffer[_HEAD.size : end])
        del buffer[:end]
        yield code, body


class Player:
    """One that joined, or is about to.

    :param raw: connected to the server.
    """

    def __init__(self, raw: socket.socket) -> None:
        self._raw = raw
        self._buffer = bytearray()

    def join(self, name: str) -> None:
        """Come in.

        :raises DecodeError: it is no such server, it is full, or it does not take us.
        :raises OSError: the connection ended, or nothing came in time.
        """
        self._raw.settimeout(ANSWER_S)
        self._raw.sendall(HELLO)
        while len(self._buffer) < HELLO_BYTES:
            self._more()
        if self._buffer[:4] != b"BZFS" or self._buffer[HELLO_BYTES - 1] == FULL:
            raise DecodeError(f"no player is taken: {bytes(self._buffer[:HELLO_BYTES])!r}")
        del self._buffer[:HELLO_BYTES]
        self._raw.sendall(enter(name))
        while True:
            for code, body in self._heard():
                if code == REJECT:
                    raise DecodeError(f"the server does not take this player: {body[2:].rstrip(bytes(1))!r}")
                if code == ACCEPT:
                    return

    def stay(self) -> None:
        """Answer what the server asks, until it hangs up."""
        self._raw.settimeout(None)
        try:
            while True:
                for _ in self._heard():
                    pass
        except ConnectionError:
            return

    def _heard(self) -> Iterator[tuple[int, bytes]]:
        self._more()
        for code, body in messages(self._buffer):
            if code == LAG_PING:
                self._raw.sendall(message(LAG_PING, body))
            yield code, body

    def _more(self) -> None:
        data = self._raw.recv(65_536)
        if not data:
            raise ConnectionError("the server hung up")
        self._buffer += data


def main(address: str, port: int, name: str) -> None:
    """Join, say so, and stay until the server, or a signal, ends it."""
    with socket.create_connection((address, port), ANSWER_S) as raw:
        player = Player(raw)
        player.join(name)
        sys.stdout.write(f"{JOINED}\n")
        sys.stdout.flush()
        player.stay()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
