"""As much of a TURN client (RFC 8656) as it takes to send by channels through a server without authentication."""

from __future__ import annotations

import os
import socket
import struct

COOKIE = 0x2112A442
ALLOCATE, CHANNEL_BIND = 0x0003, 0x0009
SUCCESS = 0x0100
CHANNEL_NUMBER, PEER_ADDRESS, REQUESTED_TRANSPORT = 0x000C, 0x0012, 0x0019
UDP = 17
FIRST_CHANNEL = 0x4000
PATIENCE, TRIES = 1.0, 10
"""Seconds for an answer, and how often is asked: the server takes a while to start."""


class TurnError(Exception):
    """The server refused, or does not answer."""


class Allocation:
    """One client's: a socket, and the server's address."""

    def __init__(self, own: socket.socket, server: tuple[str, int]) -> None:
        self._own, self._server = own, server
        self._next = FIRST_CHANNEL
        self._ask(ALLOCATE, _attribute(REQUESTED_TRANSPORT, bytes([UDP, 0, 0, 0])))

    def channel(self, host: str, port: int, payload: int) -> bytes:
        """Bind a channel to a peer; what stands before a payload of that many bytes."""
        number, self._next = self._next, self._next + 1
        mask = struct.pack("!I", COOKIE)
        masked = bytes(a ^ b for a, b in zip(socket.inet_aton(host), mask, strict=True))
        peer = struct.pack("!BBH", 0, 1, port ^ (COOKIE >> 16)) + masked
        number_bytes = struct.pack("!HH", number, 0)
        self._ask(CHANNEL_BIND, _attribute(CHANNEL_NUMBER, number_bytes) + _attribute(PEER_ADDRESS, peer))
        return struct.pack("!HH", number, payload)

    def _ask(self, kind: int, attributes: bytes) -> None:
        transaction = os.urandom(12)
        message = struct.pack("!HHI", kind, len(attributes), COOKIE) + transaction + attributes
        self._own.settimeout(PATIENCE)
        for _ in range(TRIES):
            self._own.sendto(message, self._server)
            try:
                while True:
                    answer = self._own.recv(2048)
                    if answer[8:20] == transaction:
                        break
            except (TimeoutError, ConnectionRefusedError):
                continue
            if struct.unpack_from("!H", answer)[0] != kind | SUCCESS:
                raise TurnError(f"the server refused {kind:#x}: {answer!r}")
            return
        raise TurnError("the server does not answer")


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)
