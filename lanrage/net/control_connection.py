"""One connection of a node to a control server: login, then requests and notices (``docs/protocol-control.rst``)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from autobahn.twisted.websocket import WebSocketClientFactory, WebSocketClientProtocol
from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from lanrage.errors import DecodeError, LanrageError, Refused, Unreachable
from lanrage.log_context import carried, context, get_context
from lanrage.logs import get_logger
from lanrage.net.http_answers import how_refused
from lanrage.net.tls_client import tls_failure
from lanrage.net.websocket import ClockTimer, QuietLog, configure, is_endless, stop_timers
from lanrage.wire.control import (
    Accepted,
    NoticeBody,
    RefusedReply,
    Reply,
    ReplyBody,
    Request,
    RequestBody,
    decode_record,
)
from lanrage.wire.control_codec import MESSAGE_LIMIT
from lanrage.wire.control_opening import Denied
from lanrage.wire.login import TAG_BYTES, ClientLogin

OPEN_TIMEOUT = 5.0
"""Seconds for the WebSocket handshake: a phone's network needs under 2."""

log = get_logger(__name__)
T = TypeVar("T")


class Connection(WebSocketClientProtocol):  # type: ignore[misc]
    """The protocol; made by :class:`ConnectionFactory`."""

    factory: ConnectionFactory
    log = QuietLog()

    def __init__(self) -> None:
        super().__init__()
        self._pending: dict[int, Deferred[ReplyBody]] = {}
        self._number = 0
        self._error: LanrageError | None = None

    @property
    def login(self) -> ClientLogin:
        """The login of this connection, done or not."""
        return self.factory.login

    @property
    def info(self) -> Accepted:
        """What the server said at login."""
        assert self.login.accepted is not None
        return self.login.accepted

    @property
    def host(self) -> str:
        """The server's IP address."""
        return str(self.transport.getPeer().host)

    @property
    def own_host(self) -> str:
        """This machine's IP address at this end of the connection."""
        return str(self.transport.getHost().host)

    def request(self, body: RequestBody, correlation_id: str = "") -> Deferred[ReplyBody]:
        """Send a request.

        :returns: fires with the reply, or fails with :class:`Refused` or :class:`Unreachable`; cancel to give up.
        """
        if self.state != self.STATE_OPEN:
            return fail(Unreachable(f"the connection to {self.login.server} is closing"))
        number = self._number = self._number + 1

        log.debug("request {number} asks {kind}", number=number, kind=type(body).__name__)

        def forget(_: object) -> None:
            self._pending.pop(number, None)

        answer: Deferred[ReplyBody] = Deferred(forget)
        self._pending[number] = answer
        assert self.login.channel is not None
        self.sendMessage(self.login.channel.seal(Request(number, body, correlation_id)), True)
        return answer.addBoth(carried(partial(_told, number)))

    def close(self) -> None:
        """End the connection now."""
        self.transport.abortConnection()

    def dataReceived(self, data: bytes) -> None:
        """Bytes from the server; what does not come to the end of an HTTP answer is no server of ours."""
        if self._error is not None:
            return
        if is_endless(self, data):
            self._error = DecodeError(f"what answers at {self.login.server} speaks no WebSocket")
            self.close()
            return
        try:
            super().dataReceived(data)
        except UnicodeDecodeError:  # Autobahn reads an HTTP answer as UTF-8
            self._error = DecodeError(f"what answers at {self.login.server} speaks no WebSocket")
            self.close()

    def onConnect(self, response: Any) -> None:
        """The server took a subprotocol, or none."""
        self.login.subprotocol = response.protocol or ""

    def onOpen(self) -> None:
        """The WebSocket stands: log in; a server that took no subprotocol is about to say why."""
        if self.login.subprotocol:
            self.sendMessage(self.login.start(), True)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        """Take one message; a bad one ends the connection."""
        if self._error is not None:
            return
        try:
            self._take(bytes(payload))
        except LanrageError as error:
            self._error = error
            self.close()

    def _take(self, payload: bytes) -> None:
        if not self.login.done:
            answer = self.login.receive(payload)
            self.sendMessage(answer, True)
            if self.login.accepted is not None:
                self.factory.succeed(self)
            return
        assert self.login.channel is not None
        message = decode_record(self.login.channel.open(payload), self.login.channel.codec)
        if isinstance(message, Reply):
            self._answered(message)
        elif isinstance(message.body, Denied):
            raise self.login.denied(message.body)
        else:
            self.factory.notice(message.body, message.correlation_id)

    def _answered(self, reply: Reply) -> None:
        answer = self._pending.pop(reply.id, None)
        if answer is None:
            log.debug("an answer came too late: {number}", number=reply.id)
        elif isinstance(reply.body, RefusedReply):
            answer.errback(Refused(reply.body.code, reply.body.message))
        else:
            answer.callback(reply.body)

    def connectionLost(self, reason: Any = None) -> None:
        """The TCP connection is gone."""
        self._error = self._error or tls_failure(reason, self.login.server)
        super().connectionLost(reason)
        stop_timers(self)
        self.factory.gone.callback(None)

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        """The connection is gone: nothing more will be answered."""
        error = self._error or Unreachable(f"{self.login.server} {how_refused(self)}")
        pending, self._pending = self._pending, {}
        for answer in pending.values():
            answer.errback(Unreachable(f"the connection to {self.login.server} was lost before the answer"))
        self.factory.fail(error)


def _told(number: int, answer: T) -> T:
    """Tell of an answer; it goes on as it is."""
    kind = type(answer.value if isinstance(answer, Failure) else answer).__name__
    log.debug("request {number} ends with {kind}", number=number, kind=kind)
    return answer


class ConnectionFactory(WebSocketClientFactory):  # type: ignore[misc]
    """Makes one :class:`Connection`.

    :param notice: called with each notice's body and correlation id.
    :param scheme: ``wss`` where TLS is below it.
    :ivar ready: fires with the connection once it is logged in, or fails with a :class:`LanrageError`.
    :ivar lost: fires with the error that ended a connection that was logged in.
    :ivar gone: fires when the TCP connection is gone, however far it came.
    """

    protocol = Connection
    noisy = False

    def __init__(
        self,
        clock: IReactorTime,
        address: str,
        login: ClientLogin,
        notice: Callable[[NoticeBody, str], None],
        scheme: str = "ws",
    ) -> None:
        super().__init__(f"{scheme}://{address}/", protocols=list(login.offers), useragent="lanrage", reactor=clock)
        configure(self, ClockTimer(clock), limit=MESSAGE_LIMIT + TAG_BYTES, open_timeout=OPEN_TIMEOUT)
        self.setProtocolOptions(serverConnectionDropTimeout=0)
        self.login = login
        self.ready: Deferred[Connection] = Deferred()
        self.lost: Deferred[LanrageError] = Deferred()
        self.gone: Deferred[None] = Deferred()
        self._notice = notice

    def succeed(self, connection: Connection) -> None:
        """The login is done."""
        if not self.ready.called:
            self.ready.callback(connection)

    def fail(self, error: LanrageError) -> None:
        """The connection ended."""
        if not self.ready.called:
            self.ready.errback(error)
        elif not self.lost.called:
            self.lost.callback(error)

    def notice(self, body: NoticeBody, correlation_id: str) -> None:
        """Hand a notice on, in the context of the operation that led to it; its receiver's errors end no connection."""
        party = getattr(body, "party_id", "") or get_context().get("party_id", "")
        with context(correlation_id=correlation_id, party_id=party):
            log.debug("the server tells {kind}", kind=type(body).__name__)
            try:
                self._notice(body, correlation_id)
            except Exception:  # pylint: disable=broad-exception-caught  # the observer's bug, not the link's
                log.failure("a notice was not handled: {kind}", kind=type(body).__name__)
