"""HTTP at a loopback port, for browsers: what is looked at before anything is read, and what bounds each request.

The answers come from elsewhere; here are the door (:mod:`lanrage.core.web_door`), the limits, and the headers that
every answer has, refusals included.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from autobahn.twisted.resource import WebSocketResource
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IListeningPort
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.http import HTTPChannel, HTTPFactory, Request

from lanrage.core.settings_web import WEB_EXAMPLE, WebListen
from lanrage.core.web_door import Door, bearer, is_fetched_from_elsewhere, offered_token
from lanrage.core.web_places import WebPlaces
from lanrage.net.endpoints import listen_at
from lanrage.net.loopback_peer import user_of
from lanrage.net.shared_places import SharedPlaces, WhoIs
from lanrage.net.web_answer import send_reply
from lanrage.wire.local import CALL_LIMIT, ErrorBody
from lanrage.wire.web import API, Asked, Reply, problem, raw, refusal

BODY_LIMIT = CALL_LIMIT
"""Bytes of a request's body: as many as a call of the local API has."""
HEADERS_LIMIT = 64
"""Headers of a request; a browser sends twenty."""
HEAD_LIMIT = 8192
"""Bytes of a request's first line and headers: a browser sends one or two thousand."""
IDLE_SECONDS = 30
"""Seconds without a request after which a connection is closed that showed a token."""
STRANGER_SECONDS = 5
"""Likewise of one that did not: a browser that loads the page asks on at once."""
REQUEST_SECONDS = 10.0
"""Seconds from a request's first byte to its last; on one machine a slow one is no accident."""
ANSWER_SECONDS = 60.0
"""Seconds for an answer to be taken, from its first byte on."""
SOCKET_PATH = f"{API}socket"
"""Where the WebSocket is."""
FIELD = "web-listen"

log = Logger()

Answering = Callable[[Asked, "Deferred[Any]"], Coroutine[Any, Any, Reply]]
"""Answers a request; the Deferred fires when the answer is sent or nobody waits for it any more."""
Owner = Callable[[str], int | None]
"""The number of the user whose token it is; ``None`` where it does not count."""


class WebRequest(Request):
    """One request, which is refused before its body is read where the door says so."""

    channel: Any
    content: Any
    _refused = False

    def gotLength(self, length: int | None) -> None:
        """Twisted: the headers are read, and nothing else."""
        reply = self._look(length)
        if reply is not None:
            self._refused = True
            self.requestHeaders.removeHeader("expect")  # Twisted would say "go on" behind the refusal
            self.channel.refuse(reply)
        super().gotLength(0 if reply is not None else length)  # type: ignore[no-untyped-call]

    def _look(self, length: int | None) -> Reply | None:
        code = self.channel.factory.door.refusal(self._all("host"), self._all("origin"))
        if not code:
            target = self.channel.target
            page = not target.startswith(API.encode())
            if is_fetched_from_elsewhere(self._all("sec-fetch-site"), self._all("sec-fetch-mode"), page=page):
                code = "foreign_origin"
            elif not target.startswith(b"/") or not target.isascii():
                code = "bad_request"
            elif length is None:
                code = "length_required"
            elif length > BODY_LIMIT:
                code = "too_large"
        return refusal(code) if code else None

    def _all(self, name: str) -> Sequence[str]:
        return self.requestHeaders.getRawHeaders(name, [])

    def handleContentChunk(self, data: bytes) -> None:
        """Twisted: a part of the body."""
        if not self._refused:
            super().handleContentChunk(data)  # type: ignore[no-untyped-call]

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """Twisted: all of it is here. Forms are not parsed: there are none."""
        if self._refused:
            return
        self.method, self.uri, self.clientproto = command, path, version
        self.content.seek(0)
        self.process()

    def process(self) -> None:
        """Find the answer."""
        path, _, query = self.uri.partition(b"?")
        headers = {
            name.decode("latin-1").lower(): tuple(value.decode("latin-1") for value in values)
            for name, values in self.requestHeaders.getAllRawHeaders()
        }
        asked = Asked(
            self.method.decode("latin-1"), path.decode("ascii"), query.decode("ascii"), headers, self.content.read()
        )
        if asked.path == SOCKET_PATH and asked.method == "GET" and asked.all("upgrade"):
            self._open_socket(asked)
        elif self.channel.admit(bearer(asked.all("authorization"))):
            self._answer(asked)
        else:
            self._send(crowded())

    def _open_socket(self, asked: Asked) -> None:
        protocols = ",".join(asked.all("sec-websocket-protocol")).split(",")
        if not self.channel.admit(offered_token([each.strip() for each in protocols])):
            self.channel.refuse(crowded())
            return
        self.content.seek(0)
        self.channel.hand_over()
        self.channel.factory.socket.render(self)

    def _answer(self, asked: Asked) -> None:
        finished = self.notifyFinish()
        finished.addErrback(lambda _: None)
        answering: Deferred[Any] = Deferred.fromCoroutine(self.channel.factory.answer(asked, finished))
        answering.addErrback(self._failed).addCallback(self._send).addErrback(self._failed)

    def _failed(self, failure: Failure) -> Reply:
        log.failure("a request of a browser could not be answered", failure)
        return problem(ErrorBody("internal", "the node met an error of its own; its log says more"))

    def _send(self, reply: Reply) -> None:
        if not (self._disconnected or self.finished):
            send_reply(self, reply)


def crowded() -> Reply:
    """A user who is logged in has no place left for one more connection."""
    return problem(ErrorBody("busy", "too many connections of this user's pages and programs; close some of them"))


class WebChannel(HTTPChannel):
    """One connection. Whoever begins a request ends it in time, and takes its answer in time."""

    maxHeaders = HEADERS_LIMIT
    totalHeadersSize = HEAD_LIMIT
    factory: Any
    transport: Any
    _late: Any = None
    _answering = False

    @property
    def target(self) -> bytes:
        """What the request that is being read asks for."""
        target: bytes = self._path  # Twisted keeps it here until the whole request is read
        return target

    def dataReceived(self, data: bytes) -> None:
        """Twisted: bytes, perhaps of a request."""
        self._begin()
        super().dataReceived(data)  # type: ignore[no-untyped-call]

    def lineReceived(self, line: bytes) -> None:
        """Twisted: a line of a request, also of one that came while another was answered."""
        self._begin()
        super().lineReceived(line)  # type: ignore[no-untyped-call]

    def headerReceived(self, line: bytes) -> bool:
        """Twisted: a header is read. A length of more digits than Python reads is an error of its own there."""
        try:
            return bool(super().headerReceived(line))  # type: ignore[no-untyped-call]
        except ValueError:
            self.refuse(refusal("too_large"))
            return False

    def allContentReceived(self) -> None:
        """Twisted: a request is read."""
        self._answering = True
        self._stop_waiting()
        super().allContentReceived()  # type: ignore[no-untyped-call]

    def writeHeaders(self, version: bytes, code: bytes, reason: bytes, headers: Any) -> None:
        """Twisted: the answer begins."""
        self._wait(ANSWER_SECONDS)
        super().writeHeaders(version, code, reason, headers)  # type: ignore[no-untyped-call]

    def requestDone(self, request: Any) -> None:
        """Twisted: a request is answered."""
        self._answering = False
        self._stop_waiting()
        super().requestDone(request)  # type: ignore[no-untyped-call]

    def connectionLost(self, reason: Any = None) -> None:
        """Twisted: it is gone."""
        self._stop_waiting()
        super().connectionLost(reason)  # type: ignore[no-untyped-call]

    def timeoutConnection(self) -> None:
        """Twisted: nothing came for a while, or nothing was taken."""
        self.transport.abortConnection()

    def refuse(self, reply: Reply) -> None:
        """Answer the request that is being read, and read no more."""
        self._stop_waiting()
        self._answering = True
        self.transport.write(raw(reply))
        self.loseConnection()  # type: ignore[no-untyped-call]

    def admit(self, token: str) -> bool:
        """Give a connection the place of the user whose token it showed; false: there is none left.

        :param token: one that does not count changes nothing.
        """
        user = self.factory.owner(token) if token else None
        if user is None:
            return True
        if not self.transport.log_in(user):
            return False
        self.timeOut = self._savedTimeOut = IDLE_SECONDS  # Twisted's, which it takes up when the answer is sent
        return True

    def hand_over(self) -> None:
        """The connection becomes a WebSocket's: nothing here has a hold of it any more."""
        self._stop_waiting()
        self.setTimeout(None)  # type: ignore[no-untyped-call]
        self.transport.unregisterProducer()

    def _respondToBadRequestAndDisconnect(self) -> None:
        """Twisted's own answer has none of the headers that every answer has here."""
        self.refuse(refusal("bad_request"))

    def _begin(self) -> None:
        if self._late is None and not self._answering:
            self._wait(REQUEST_SECONDS)

    def _wait(self, seconds: float) -> None:
        self._stop_waiting()
        self._late = self.factory.reactor.callLater(seconds, self._too_late)

    def _too_late(self) -> None:
        self._late = None
        self.transport.abortConnection()

    def _stop_waiting(self) -> None:
        late, self._late = self._late, None
        if late is not None:
            late.cancel()


class WebFactory(HTTPFactory):
    """Makes the connections.

    :ivar door: whom it answers; nobody until it listens.
    :param owner: knows whose token it is.
    :ivar socket: takes the connections that become WebSockets.
    """

    protocol = WebChannel  # type: ignore[assignment]
    noisy = False

    def __init__(self, reactor: Any, answer: Answering, socket: Any, owner: Owner) -> None:
        super().__init__(timeout=STRANGER_SECONDS, reactor=reactor)
        self.answer, self.owner = answer, owner
        self.socket = WebSocketResource(socket)
        self.door = Door(frozenset())

    def buildProtocol(self, addr: Any) -> Any:
        """Twisted: somebody connected."""
        channel: Any = super().buildProtocol(addr)
        channel.requestFactory = WebRequest
        return channel

    def log(self, request: Any) -> None:
        """Twisted: a request was answered; addresses of the API would fill the log."""


class WebPort:
    """Listens.

    :param answer: answers requests that came through the door.
    :param socket: makes the WebSockets' protocols.
    :param owner: knows whose token it is.
    :param who_is: tells which user opened a connection.
    """

    def __init__(self, reactor: Any, answer: Answering, socket: Any, owner: Owner, who_is: WhoIs = user_of) -> None:
        self._reactor = reactor
        self._site = WebFactory(reactor, answer, socket, owner)
        self._factory = SharedPlaces(reactor, self._site, WebPlaces(), who_is)
        self._port: IListeningPort | None = None

    async def open(self, listen: WebListen) -> None:
        """Listen.

        :raises BadInput: field ``web-listen``: the port is taken.
        """
        port = await listen_at(self._reactor, listen.endpoint, self._factory, FIELD, WEB_EXAMPLE)
        self._port = port
        where: Any = port.getHost()
        self._site.door = Door.at(listen.host, where.port)

    @property
    def address(self) -> Any:
        """Where it listens (``IAddress``); ``None`` while it does not."""
        return self._port.getHost() if self._port is not None else None

    async def stop_listening(self) -> None:
        """Nobody comes any more; who is there goes on."""
        port, self._port = self._port, None
        if port is not None:
            await maybeDeferred(port.stopListening)

    async def close(self) -> None:
        """Listen no more and end all connections."""
        await self.stop_listening()
        self._factory.abort()
