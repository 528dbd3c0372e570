"""Plain HTTP at the port of the control channel: health for whoever watches the server, a short word for all others."""

from __future__ import annotations

from typing import Any

ANSWERS = {
    200: ("OK", "serving"),
    400: ("Bad Request", "this is no WebSocket request of a LANrage node"),
    403: ("Forbidden", "this address is not served here"),
    404: ("Not Found", "nothing is here"),
    405: ("Method Not Allowed", "only GET is answered here"),
    426: ("Upgrade Required", "this is a LANrage control server: it speaks WebSocket"),
    429: ("Too Many Requests", "too many connections from this address"),
    503: ("Service Unavailable", "this server cannot do its work now"),
    505: ("HTTP Version Not Supported", "only HTTP/1.1 is spoken here"),
}
"""By status code: its phrase, and the text where no other is given; what is not here is answered by 400."""
TEXT_LIMIT = 300
"""Characters of an answer's text; the trouble of a store may be long."""
PATHS = ("/", "/healthz", "/readyz")
"""What is answered; others are not found. The first is where nodes connect by WebSocket."""
WANTS_TLS = "this port wants TLS (wss:// or https://)"


def http_answer(code: int, text: str = "") -> bytes:
    """A whole HTTP/1.1 response that ends its connection.

    :param code: one of :data:`ANSWERS`.
    :param text: plain text; what is longer than :data:`TEXT_LIMIT` is cut off.
    """
    phrase, usual = ANSWERS[code]
    body = (text or usual)[:TEXT_LIMIT].encode() + b"\n"
    upgrade = "Upgrade: websocket\r\nConnection: Upgrade, close\r\n" if code == 426 else "Connection: close\r\n"
    head = (
        f"HTTP/1.1 {code} {phrase}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
        f"Cache-Control: no-store\r\n{upgrade}\r\n"
    )
    return head.encode("ascii") + body


def health(path: str, unready: str) -> tuple[int, str]:
    """Status code and text for a GET without an upgrade.

    :param unready: why the server cannot do its work; empty = it can.
    """
    if path not in PATHS:
        return 404, ""
    if path == "/healthz":
        return 200, ""
    if path == "/readyz":
        return (503, unready) if unready else (200, "ready")
    return 426, ""


class HttpAnswers:
    """Replaces what Autobahn's server protocol answers to HTTP that is no WebSocket.

    Autobahn's own words repeat what the stranger sent, and its status page names its version. The factory's
    ``readiness`` says why the server cannot do its work, empty when it can.
    """

    factory: Any
    http_request_path: str

    def failHandshake(self, reason: str, code: int = 400, responseHeaders: Any = None) -> None:
        """Answer a request that is no WebSocket of ours, and end the connection; called by Autobahn.

        :param reason: Autobahn's; it goes nowhere.
        """
        protocol: Any = self
        text = ""
        if code == 426:
            code, text = health(self.http_request_path, self.factory.readiness())
            protocol.watched()
        protocol.sendData(http_answer(code if code in ANSWERS else 400, text))
        protocol.dropConnection(abort=False)


def how_refused(client: Any) -> str:
    """How a server ended a client's connection, as a clause: by an HTTP answer that opens no WebSocket, or without.

    :param client: Autobahn's client protocol.
    """
    words = str(getattr(client, "http_status_line", "")).split()
    if len(words) < 2 or len(words[1]) != 3 or not words[1].isascii() or not words[1].isdigit() or words[1] == "101":
        return "closed the connection"
    if words[1] == "429":
        return "takes no more connections from this address now"
    if words[1] == "403":
        return "does not serve this address"
    return f"answered HTTP {words[1]}: a proxy that does not reach it, or another program"
