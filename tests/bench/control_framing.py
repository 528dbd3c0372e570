"""A client's half of WebSocket (RFC 6455), as lean as it can be: the client must not be what a bench measures.

Frames are masked by zeros: the server does the same work, the client none. Nobody but a bench may do so.
"""

from __future__ import annotations

import attrs

BINARY, CLOSE, PING, PONG = 0x82, 0x88, 0x89, 0x8A
"""First bytes of whole frames."""
_MASK = bytes(4)


def upgrade(host: str, subprotocol: str) -> bytes:
    """The HTTP request that opens a WebSocket; an empty `subprotocol` offers none."""
    offered = f"Sec-WebSocket-Protocol: {subprotocol}\r\n" if subprotocol else ""
    return (
        f"GET / HTTP/1.1\r\nHost: {host}\r\nUser-Agent: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n{offered}\r\n"
    ).encode()


def frame(first: int, payload: bytes) -> bytes:
    """One whole frame from the client."""
    size = len(payload)
    if size < 126:
        return bytes((first, 0x80 | size)) + _MASK + payload
    if size < 65536:
        return bytes((first, 0xFE)) + size.to_bytes(2, "big") + _MASK + payload
    return bytes((first, 0xFF)) + size.to_bytes(8, "big") + _MASK + payload


@attrs.define
class Deframer:
    """Cuts a server's bytes into the frames that they hold, after the head of its HTTP answer."""

    opened: bool = False
    _buffer: bytes = b""

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """The whole frames, each as its first byte and its payload.

        :raises ValueError: the server refused the upgrade.
        """
        data = self._buffer + data if self._buffer else data
        at = 0
        if not self.opened:
            head, end, rest = data.partition(b"\r\n\r\n")
            if end and b" 101 " not in head.partition(b"\r\n")[0]:
                raise ValueError(head.partition(b"\r\n")[0].decode("ascii", "replace"))
            self.opened = bool(end)
            data = rest if end else data
        frames: list[tuple[int, bytes]] = []
        while self.opened and len(data) >= at + 2:
            size, start = data[at + 1], at + 2
            if size > 125:
                start += 2 if size == 126 else 8
                size = int.from_bytes(data[at + 2 : start], "big")
            if len(data) < start + size:
                break
            frames.append((data[at], data[start : start + size]))
            at = start + size
        self._buffer = data[at:]
        return frames
