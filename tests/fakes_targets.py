"""Servers that are told of notices: one over TLS on loopback, and an agent that trusts it alone."""

from __future__ import annotations

import string
import time
from typing import Any

import msgspec
from cryptography.hazmat.primitives.serialization import Encoding
from twisted.internet.defer import Deferred, succeed
from twisted.internet.endpoints import TCP4ClientEndpoint, wrapClientTLS
from twisted.internet.ssl import Certificate, optionsForClientTLS
from twisted.internet.testing import StringTransport
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure
from twisted.web.client import Agent, HTTPConnectionPool, ResponseDone
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgentEndpointFactory
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Site
from zope.interface import implementer

from lanrage.net.tls_server import TlsSource
from tests.fakes_tls import FakeAuthority

NAME = "hooks.example.org"
URL = f"https://{NAME}/api/webhooks/1/s3cret-token"


SIGNS = frozenset(string.punctuation)
"""Signs that may mean something to Discord."""


class _Quiet(Site):
    """Writes no log of its own."""

    def log(self, request: Any) -> None:
        """See :class:`Site`."""


class WebhookServer(Resource):
    """Notes what is posted.

    :ivar posts: (path, message), in order.
    :ivar answers: (status, headers) of the next answers, else 204; ``None`` = no answer.
    """

    isLeaf = True

    def __init__(self, reactor: Any) -> None:
        super().__init__()
        self._reactor = reactor
        self.authority = FakeAuthority(time.time())
        self.posts: list[tuple[str, dict[str, Any]]] = []
        self.answers: list[tuple[int, dict[str, str]] | None] = []
        site = _Quiet(self, reactor=reactor)
        source = TlsSource(self.authority.context(NAME))
        self.port = reactor.listenTCP(0, TLSMemoryBIOFactory(source, False, site, reactor), interface="127.0.0.1")

    def render_POST(self, request: Any) -> Any:
        """Somebody posts."""
        self.posts.append((request.uri.decode(), msgspec.json.decode(request.content.read())))
        answer = self.answers.pop(0) if self.answers else (204, {})
        if answer is None:
            return NOT_DONE_YET
        code, headers = answer
        request.setResponseCode(code)
        for name, value in headers.items():
            request.setHeader(name, value)
        return b""

    render_PUT = render_POST

    @property
    def lines(self) -> list[str]:
        """All lines of all messages, as Discord shows them."""
        texts = [embed["description"] for _, message in self.posts for embed in message["embeds"]]
        return [line for text in texts for line in shown_by_discord(text).split("\n")]

    def agent(self) -> Agent:
        """What dials this server for whatever host, and believes its authority alone."""
        pool = HTTPConnectionPool(self._reactor, persistent=False)
        return Agent.usingEndpointFactory(self._reactor, _Here(self._reactor, self), pool)

    def close(self) -> Any:
        """Listen no more."""
        return self.port.stopListening()


def shown_by_discord(text: str) -> str:
    """A text without its escapes; whatever is a sign of Discord's without one is an error."""
    shown, rest = [], iter(text)
    for sign in rest:
        assert sign not in SIGNS or sign == "\\", f"{sign} is not escaped in {text}"
        shown.append(next(rest) if sign == "\\" else sign)
    return "".join(shown)


class FakeResponse:
    """An answer."""

    def __init__(self, code: int, headers: dict[str, str], body: bytes = b"") -> None:
        self.code, self.length, self._body = code, len(body), body
        self.headers = Headers({name: [value] for name, value in headers.items()})

    def deliverBody(self, protocol: Any) -> None:
        """All of it comes at once."""
        protocol.makeConnection(StringTransport())
        if self._body:
            protocol.dataReceived(self._body)
        protocol.connectionLost(Failure(ResponseDone()))


class FakeAgent:
    """Answers at once, or never.

    :ivar requests: (method, address, headers, body), in order.
    :ivar answers: (status, headers) or (status, headers, body) of the next answers, else 204; ``None`` = never.
    """

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        self.answers: list[tuple[Any, ...] | None] = []

    def request(self, method: bytes, uri: bytes, headers: Any = None, bodyProducer: Any = None) -> Deferred[Any]:
        """See :class:`twisted.web.iweb.IAgent`."""
        plain = {name.decode(): values[0].decode() for name, values in headers.getAllRawHeaders()}
        self.requests.append((method.decode(), uri.decode(), plain, bodyProducer._inputFile.read()))
        answer = self.answers.pop(0) if self.answers else (204, {})
        return Deferred() if answer is None else succeed(FakeResponse(*answer))


@implementer(IAgentEndpointFactory)
class _Here:
    """Endpoints of the server."""

    def __init__(self, reactor: Any, server: WebhookServer) -> None:
        self._reactor, self._port = reactor, server.port.getHost().port
        self._root = Certificate.loadPEM(server.authority.certificate.public_bytes(Encoding.PEM))

    def endpointForURI(self, uri: Any) -> Any:
        """TLS whose certificate must be the host's."""
        assert uri.scheme == b"https"
        check = optionsForClientTLS(uri.host.decode(), trustRoot=self._root)
        return wrapClientTLS(check, TCP4ClientEndpoint(self._reactor, "127.0.0.1", self._port, 5))
