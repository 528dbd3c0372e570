"""A short way past Autobahn for what a control server does all day: whole binary messages of one frame, in and out.

Autobahn serves every case of RFC 6455 and spends 40 us on a message of 100 bytes in each direction; here it takes 3.
Whatever is not a whole, masked, unfragmented binary frame within the limit (and everything before the connection
stands, and after it closes) goes to Autobahn as it came, which knows the rules and how a breach of them ends.
"""

from __future__ import annotations

from typing import Any

from autobahn.exception import Disconnected
from autobahn.twisted.websocket import WebSocketServerProtocol

WHOLE_BINARY = 0x82
"""First byte of a frame: FIN, no reserved bit, opcode 2."""
MASKED = 0x80
SHORT, MEDIUM = 126, 127
"""Lengths from here on are written in two, in eight bytes."""


def unmask(mask: bytes, data: bytes) -> bytes:
    """Apply a frame's mask of 4 bytes (RFC 6455, 5.3): both ways the same."""
    size = len(data)
    key = (mask * ((size + 3) // 4))[:size]
    return (int.from_bytes(data, "little") ^ int.from_bytes(key, "little")).to_bytes(size, "little")


def head(size: int) -> bytes:
    """What comes before a whole, unmasked binary message of this size."""
    if size < SHORT:
        return bytes((WHOLE_BINARY, size))
    if size < 65536:
        return bytes((WHOLE_BINARY, SHORT)) + size.to_bytes(2, "big")
    return bytes((WHOLE_BINARY, MEDIUM)) + size.to_bytes(8, "big")


def first_message(data: bytes, at: int, limit: int) -> tuple[bytes, int] | None:
    """The whole, masked binary frame that starts at a place, and where it ends.

    :param limit: bytes of the longest payload.
    :returns: ``None`` when there is anything else, or not all of it.
    """
    start = at + 6
    if len(data) < start or data[at] != WHOLE_BINARY or data[at + 1] < MASKED:
        return None
    size = data[at + 1] - MASKED
    if size >= SHORT:
        size, start = int.from_bytes(data[at + 2 : at + 4], "big") if size == SHORT else 0, start + 2
        if size < SHORT:
            return None
    end = start + size
    if size > limit or end > len(data):
        return None
    return unmask(data[start - 4 : start], data[start:end]), end


_OPENING = (
    "http_request_data", "http_response_data", "http_headers", "http_request_params", "http_status_line",
    "websocket_origin", "_wskey",
)  # fmt: skip
"""What Autobahn keeps of the opening handshake, and does not need once the WebSocket stands: 1 KB."""


class LeanProtocol(WebSocketServerProtocol):  # type: ignore[misc]
    """Autobahn's server protocol with the short way; no compression may be negotiated.

    :cvar lean_limit: bytes of the longest message that takes it; set by the class that is used.
    """

    state: int
    data: bytes
    current_frame: Any
    inside_message: bool
    failedByMe: bool
    lean_limit: int
    autoPingTimeoutCall: Any
    transport: Any

    def _onOpen(self) -> None:
        for name in _OPENING:
            if name in self.__dict__:
                setattr(self, name, None)
        super()._onOpen()

    def dataReceived(self, data: bytes) -> None:
        """Take whole messages; hand the rest on."""
        at = 0
        if self.state == self.STATE_OPEN and not self.data and self.current_frame is None and not self.inside_message:
            while self.state == self.STATE_OPEN:
                found = first_message(data, at, self.lean_limit)
                if found is None:
                    break
                payload, at = found
                if self.autoPingTimeoutCall is not None:
                    self._cancelAutoPingTimeoutCall()  # it lives: no pong needs to say so
                self.onMessage(payload, True)
        if at < len(data):
            self._dataReceived(data[at:])

    def sendMessage(self, payload: bytes, isBinary: bool = False, **_: object) -> None:
        """Send a message as one frame.

        :raises Disconnected: the connection is closing.
        """
        if not isBinary:
            super().sendMessage(payload, isBinary)
        elif self.state != self.STATE_OPEN:
            raise Disconnected("Attempt to send on a closed protocol")
        else:
            self.transport.write(head(len(payload)) + payload)
