"""A small blocking client of a node's local API (``docs/api.rst``): many joins at once, without a Python for each."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import time
from base64 import b64encode
from pathlib import Path
from typing import Any

import attrs
import msgspec

from lanrage.errors import Refused, Unreachable
from lanrage.wire.local import ANSWER_LIMIT

CALL_TIMEOUT_S = 30.0
"""Longer than any operation of a node may take, so that its own error is what is seen."""

CLOSE_TIMEOUT_S = 2.0
"""A node hangs up at once; one that does not is left."""

_TEXT, _CLOSE, _PING, _PONG = 1, 8, 9, 10


@attrs.frozen
class Call:
    """An answer with its times, in seconds of the monotonic clock."""

    result: dict[str, Any]
    issued: float
    answered: float


def call(path: Path, operation: str, timeout: float = CALL_TIMEOUT_S, **args: Any) -> Call:
    """Let a node carry out one operation.

    :param path: the node's UNIX socket.
    :raises Refused: with the node's code and message.
    :raises Unreachable: when there is no node, or no answer in time.
    """
    with Session(path, timeout) as session:
        return session.call(operation, **args)


class Session:
    """A connection to a node that stays open for many operations, one at a time: what polls must cost little.

    :param path: the node's UNIX socket.
    :param timeout: seconds that each step may take.
    :ivar correlation_id: of the node's log lines; empty = the node makes one up for each call.
    :raises Unreachable: from each method, when there is no node, or no answer in time.
    """

    def __init__(self, path: Path, timeout: float = CALL_TIMEOUT_S) -> None:
        self._path = path
        self._raw = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._raw.settimeout(timeout)
        self._connection = _Connection(self._raw)
        self._number = 0
        self.correlation_id = ""

    def __enter__(self) -> Session:
        try:
            self._raw.connect(str(self._path))
            self._connection.open()
        except OSError as error:
            self._raw.close()
            raise self._silent(error) from error
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        self._raw.close()

    def call(self, operation: str, **args: Any) -> Call:
        """Let the node carry out an operation.

        :raises Refused: with the node's code and message.
        """
        self._number += 1
        issued = time.monotonic()
        try:
            asked = {"id": self._number, "op": operation, "args": args, "correlation_id": self.correlation_id}
            self._connection.send(_TEXT, msgspec.json.encode(asked))
            return Call(self._connection.answer(), issued, time.monotonic())
        except OSError as error:
            raise self._silent(error) from error

    def _silent(self, error: OSError) -> Unreachable:
        return Unreachable(f"the node at {self._path} does not answer: {error}")


def listening(path: Path) -> bool:
    """Whether a node accepts connections at its socket."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as raw:
            raw.settimeout(1.0)
            raw.connect(str(path))
    except OSError:
        return False
    return True


@attrs.define
class _Connection:
    """One WebSocket (RFC 6455), the client's side, for texts under a megabyte."""

    raw: socket.socket
    _buffer: bytes = b""

    def open(self) -> None:
        """Do the opening handshake; over a UNIX socket the accept hash would prove nothing."""
        key = b64encode(os.urandom(16)).decode()
        lines = ["GET / HTTP/1.1", "Host: localhost", "Upgrade: websocket", "Connection: Upgrade"]
        lines += [f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13", "", ""]
        self.raw.sendall("\r\n".join(lines).encode())
        while b"\r\n\r\n" not in self._buffer:
            self._more()
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        if b" 101 " not in head.split(b"\r\n")[0]:
            raise ConnectionError(head.split(b"\r\n")[0].decode("latin-1"))

    def send(self, opcode: int, payload: bytes) -> None:
        """Send one masked frame; the mask of zeros leaves the payload as it is."""
        size = len(payload)
        length = bytes([0x80 | size]) if size < 126 else b"\xfe" + struct.pack("!H", size)
        self.raw.sendall(bytes([0x80 | opcode]) + length + b"\0\0\0\0" + payload)

    def answer(self) -> dict[str, Any]:
        """Read until a result or an error; progress is passed over."""
        text = b""
        while True:
            final, opcode, payload = self._frame()
            if opcode == _CLOSE:
                raise ConnectionError("closed by the node")
            if opcode == _PING:
                self.send(_PONG, payload)
            if opcode >= _CLOSE:
                continue
            text += payload
            if final:
                message, text = msgspec.json.decode(text), b""
                if "error" in message:
                    raise Refused(message["error"]["code"], message["error"]["message"])
                if "result" in message:
                    result: dict[str, Any] = message["result"]
                    return result

    def close(self) -> None:
        """Say goodbye as the protocol wants it, and wait until the node has hung up."""
        self.raw.settimeout(CLOSE_TIMEOUT_S)
        with contextlib.suppress(OSError):
            self.send(_CLOSE, b"\x03\xe8")
            while self.raw.recv(4096):
                pass

    def _frame(self) -> tuple[bool, int, bytes]:
        first, second = self._take(2)
        size = second & 0x7F
        if size >= 126:
            size = int.from_bytes(self._take(2 if size == 126 else 8), "big")
        if size > ANSWER_LIMIT:
            raise ConnectionError("the answer is too long")
        return bool(first & 0x80), first & 0x0F, self._take(size)

    def _take(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._more()
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return taken

    def _more(self) -> None:
        data = self.raw.recv(65_536)
        if not data:
            raise ConnectionError("closed by the node")
        self._buffer += data
