"""A process with a node in memory and its page: ``python -m tests.browser.server SCENE``.

It prints where it listens; each line that it reads on its standard input is answered by an address that signs in. It
ends with its standard input.
"""

from __future__ import annotations

import json
import secrets
import sys
from typing import Any

from autobahn.twisted.resource import WebSocketResource
from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from autobahn.websocket.types import ConnectionDeny
from twisted.internet import reactor as installed_reactor
from twisted.internet.stdio import StandardIO
from twisted.protocols.basic import LineReceiver
from twisted.web.resource import Resource
from twisted.web.server import Site

from lanrage.app.api_calls import Calls, Conversation
from lanrage.app.caller import Caller
from tests.browser.scenes import SCENES
from tests.browser.sources import WEB

reactor: Any = installed_reactor
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
KINDS = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}


class Door:
    """Codes that count once, and the token that they give."""

    def __init__(self) -> None:
        self.codes: set[str] = set()
        self.token = secrets.token_hex(8)

    def code(self) -> str:
        """A new one."""
        code = secrets.token_hex(8)
        self.codes.add(code)
        return code


class Page(Resource):
    """The page's files, and who may come in."""

    isLeaf = True

    def __init__(self, door: Door) -> None:
        super().__init__()
        self.door = door
        self.files = {f"/{path.relative_to(WEB)}": path for path in WEB.rglob("*") if path.is_file()}
        self.files["/"] = WEB / "index.html"

    def render(self, request: Any) -> bytes:
        """Answer one request."""
        where = request.path.decode()
        if where == "/api/v1/session":
            code = json.loads(request.content.read())["code"]
            if code not in self.door.codes:
                request.setResponseCode(403)
                return b'{"code": "not_allowed", "detail": "the code was used, or is too old"}'
            self.door.codes.remove(code)
            return json.dumps({"token": self.door.token, "expires": 0}).encode()
        if where == "/api/v1/status":
            request.setResponseCode(200 if request.getHeader("authorization") == f"Bearer {self.door.token}" else 401)
            return b"{}"
        path = self.files.get(where)
        if path is None:
            request.setResponseCode(404)
            return b""
        request.setHeader("content-type", KINDS[path.suffix])
        request.setHeader("content-security-policy", CSP)
        return path.read_bytes()


def serve(scene: str) -> None:
    """Run until the standard input ends."""
    door, node = Door(), SCENES[scene](reactor)
    calls = Calls(reactor, node)

    class Socket(WebSocketServerProtocol):
        """One page's connection."""

        conversation: Conversation | None = None

        def onConnect(self, request: Any) -> str:
            """Autobahn: a handshake."""
            if f"token.{door.token}" not in request.protocols:
                raise ConnectionDeny(401)
            return "lanrage.v1"

        def onOpen(self) -> None:
            """Autobahn: it is there."""
            self.conversation = Conversation(calls, lambda data: self.sendMessage(data, False), Caller(1000, self.sendClose))

        def onMessage(self, payload: bytes, isBinary: bool) -> None:
            """Autobahn: a call."""
            assert self.conversation is not None
            self.conversation.take(payload, isBinary)

        def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
            """Autobahn: gone."""
            if self.conversation is not None:
                self.conversation.lost()

    factory = WebSocketServerFactory()
    factory.protocol = Socket
    socket = WebSocketResource(factory)

    class Root(Resource):
        """Both."""

        def getChild(self, path: bytes, request: Any) -> Resource:
            """Twisted: who answers."""
            if request.path == b"/api/v1/socket":
                request.postpath.clear()
                return socket
            return Page(door)

    port = reactor.listenTCP(0, Site(Root()), interface="127.0.0.1")
    where = f"http://127.0.0.1:{port.getHost().port}/"

    class Lines(LineReceiver):
        """The standard input."""

        delimiter = b"\n"

        def lineReceived(self, line: bytes) -> None:
            """Twisted: a line."""
            print(f"{where}#login={door.code()}", flush=True)

        def connectionLost(self, reason: Any = None) -> None:
            """Twisted: it ended."""
            if reactor.running:
                reactor.stop()

    StandardIO(Lines())
    print(where, flush=True)
    reactor.addSystemEventTrigger("after", "shutdown", node.close)
    reactor.run()


if __name__ == "__main__":
    serve(sys.argv[1])
