"""``/metrics`` over HTTP, at a port of its own (``docs/operations/monitoring.rst``).

It is for a program on this machine or in the operator's own network, so it is off unless asked for, and apart from the
control channel's port, which strangers reach, through proxies too. A web page must not read it through a browser: its
name may be made to point here (DNS rebinding), but the browser then still says that name in ``Host``. So only an IP
address or ``localhost`` is answered there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import maybeDeferred
from twisted.internet.interfaces import IListeningPort
from twisted.web.http import Request
from twisted.web.resource import Resource
from twisted.web.server import Request as SiteRequest
from twisted.web.server import Site

from lanrage.core.origins import parse_host
from lanrage.core.settings_machine_room import METRICS_EXAMPLE
from lanrage.net.endpoints import listen_at
from lanrage.net.few_connections import FewConnections

PATH = b"metrics"
FIELD, EXAMPLE = "metrics-listen", METRICS_EXAMPLE
CONNECTIONS_LIMIT = 16
"""Connections at once: a Prometheus server or two, and somebody with curl."""
IDLE_SECONDS = 75
"""Seconds without a request after which a connection is closed; Prometheus asks each minute or more often."""
HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""Of every answer: no browser keeps it, guesses its type or gives it to another page."""


def is_named_by_address(host: str) -> bool:
    """Whether a ``Host`` header names an IP address or ``localhost``, with or without a port."""
    if host.startswith("["):
        name, bracket, port = host[1:].partition("]")
        if not bracket or (port and not port.startswith(":")):
            return False
    else:
        name = host.partition(":")[0] if host.count(":") == 1 else host
    return name.lower() == "localhost" or (parse_host(name) is not None and "%" not in name)


class _Request(SiteRequest):
    """A request without a body: none is read, and so none is kept."""

    def gotLength(self, length: int | None) -> None:
        """Twisted: the headers are read."""
        if length != 0:
            channel: Any = self.channel
            channel.transport.abortConnection()
        super().gotLength(0)  # type: ignore[no-untyped-call]


class _Page(Resource):
    """All that is here."""

    isLeaf = True

    def __init__(self, text: Callable[[], tuple[str, bytes]]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._text = text

    def render(self, request: Request) -> bytes:
        """Answer; every header is set here, so that Twisted's version is told nobody."""
        code, kind, body = self._answer(request)
        request.setResponseCode(code)
        for name, value in ({"Server": "lanrage", "Content-Type": kind} | HEADERS).items():
            request.setHeader(name, value)
        request.setHeader("Content-Length", str(len(body)))
        return b"" if request.method == b"HEAD" else body

    def _answer(self, request: Any) -> tuple[int, str, bytes]:
        plain = "text/plain; charset=utf-8"
        hosts = request.requestHeaders.getRawHeaders("host", [])
        if len(hosts) != 1 or not is_named_by_address(hosts[0]):
            return 403, plain, b"ask by an IP address or localhost\n"
        if request.requestHeaders.hasHeader("origin"):
            return 403, plain, b"this is not for web pages\n"
        if request.method not in (b"GET", b"HEAD"):
            return 405, plain, b"only GET is answered here\n"
        if request.postpath != [PATH]:
            return 404, plain, b"nothing is here but /metrics\n"
        return (200, *self._text())


class _Site(Site):
    """Says nothing of each request: a log line each few seconds tells nothing."""

    noisy = False

    def log(self, request: Any) -> None:
        """Twisted: a request was answered."""


class MetricsPort:
    """Listens.

    :param text: gives content type and text of now.
    """

    def __init__(self, reactor: Any, text: Callable[[], tuple[str, bytes]]) -> None:
        self._reactor = reactor
        site = _Site(_Page(text), requestFactory=_Request, timeout=IDLE_SECONDS, reactor=reactor)  # type: ignore[no-untyped-call]
        self._factory = FewConnections(site, CONNECTIONS_LIMIT)
        self._port: IListeningPort | None = None

    async def open(self, listen: str) -> None:
        """Listen at an endpoint string.

        :raises BadInput: field ``metrics-listen``.
        """
        self._port = await listen_at(self._reactor, listen, self._factory, FIELD, EXAMPLE)

    @property
    def address(self) -> Any:
        """Where it listens (``IAddress``); ``None`` while it does not."""
        return self._port.getHost() if self._port is not None else None

    async def close(self) -> None:
        """Listen no more and end all connections."""
        port, self._port = self._port, None
        if port is not None:
            await maybeDeferred(port.stopListening)
        self._factory.abort()
