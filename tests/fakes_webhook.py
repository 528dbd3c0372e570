"""A webhook's server over TLS on loopback, and an agent that trusts it alone."""

from __future__ import annotations

import time
from typing import Any

import msgspec
from cryptography.hazmat.primitives.serialization import Encoding
from twisted.internet.endpoints import TCP4ClientEndpoint, wrapClientTLS
from twisted.internet.ssl import Certificate, optionsForClientTLS
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.web.client import Agent, HTTPConnectionPool
from twisted.web.iweb import IAgentEndpointFactory
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Site
from zope.interface import implementer

from lanrage.net.tls_server import TlsSource
from tests.fakes_tls import FakeAuthority

NAME = "hooks.example.org"
URL = f"https://{NAME}/api/webhooks/1/s3cret-token"


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

    @property
    def lines(self) -> list[str]:
        """All lines of all messages."""
        return [line for _, message in self.posts for line in message["content"].split("\n")]

    def agent(self) -> Agent:
        """What dials this server for whatever host, and believes its authority alone."""
        pool = HTTPConnectionPool(self._reactor, persistent=False)
        return Agent.usingEndpointFactory(self._reactor, _Here(self._reactor, self), pool)

    def close(self) -> Any:
        """Listen no more."""
        return self.port.stopListening()


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
