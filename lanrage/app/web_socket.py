"""The WebSocket of the gateway for browsers: the local API's messages, for who shows a token (``docs/web-api.rst``)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from autobahn.websocket.types import ConnectionDeny, ConnectionRequest
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure

from lanrage.app.api_calls import Calls, Conversation
from lanrage.app.caller import Caller
from lanrage.app.web_login import WebLogin
from lanrage.core.web_door import SUBPROTOCOL, offered_token
from lanrage.core.web_places import DEFAULT_LIMITS
from lanrage.core.web_sessions import Session
from lanrage.net.websocket import ClockTimer, QuietLog, send_text, stop_timers
from lanrage.wire.local import CALL_LIMIT
from lanrage.wire.web import GUARDS, raw, refusal

HANDSHAKE_TIMEOUT = 5
"""Seconds for the opening handshake, whose request is there already."""
CLOSE_TIMEOUT = 1
"""Seconds for a page to say goodbye."""
SESSION_ENDED = 1008
"""The close code that tells a page to log in again (RFC 6455, 7.4.1: policy violation)."""
URL = "ws://localhost/"
"""Autobahn wants one; which address counts is decided at the door."""


class WebProtocol(WebSocketServerProtocol):  # type: ignore[misc]
    """One page's connection. Autobahn's log is off: it holds requests, and in them tokens."""

    factory: WebSocketFactory
    log = QuietLog()

    def __init__(self) -> None:
        super().__init__()
        self.closed: Deferred[None] = Deferred()
        self._session: Session | None = None
        self._conversation: Conversation | None = None
        self._forget: Callable[[], None] = lambda: None

    def connectionMade(self) -> None:
        """Twisted: the connection is handed over."""
        self.factory.connections.add(self)
        super().connectionMade()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Twisted: it is gone; operations that it started run to their end."""
        super().connectionLost(reason)
        stop_timers(self)
        self.factory.connections.discard(self)
        self._forget()
        if self._conversation is not None:
            self._conversation.lost()
        self.closed.callback(None)

    def onConnect(self, request: ConnectionRequest) -> tuple[str, dict[str, str]]:
        """Autobahn: who is it?"""
        self._session = self.factory.login.find(offered_token(request.protocols))
        if self._session is None:
            raise ConnectionDeny(401, "log in first")
        caller = Caller(self._session.user, self.end_session, by_web=True)
        self._conversation = Conversation(self.factory.calls, self._say, caller, self._listen)
        return SUBPROTOCOL, dict(GUARDS)

    def onOpen(self) -> None:
        """Autobahn: the handshake is done."""
        assert self._session is not None
        self._forget = self.factory.login.opened(self._session, self.end_session)
        self.transport.registerProducer(self._conversation, True)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        """Answer one call."""
        assert self._session is not None
        if self.factory.login.holds(self._session) and self._conversation is not None:
            self._conversation.take(payload, isBinary)
        else:
            self.end_session()

    def failHandshake(self, reason: str, code: int = 400, responseHeaders: Any = None) -> None:
        """Autobahn: it is no WebSocket of ours. Autobahn's own answer repeats what was sent."""
        reply = refusal("no_token") if code == 401 else refusal("bad_request", "this is no WebSocket request of a page")
        self.sendData(raw(reply))
        self.dropConnection(abort=False)

    def dropConnection(self, abort: bool = False) -> None:
        """Autobahn: end it; a producer that is paused would keep Twisted from that."""
        self.transport.unregisterProducer()
        super().dropConnection(abort)

    def end_session(self) -> None:
        """The session has ended: the page must log in again."""
        self._close(SESSION_ENDED, "log in again")

    def say_goodbye(self) -> None:
        """The node stops."""
        self._close(self.CLOSE_STATUS_CODE_GOING_AWAY, "the node stops")

    def _close(self, code: int, words: str) -> None:
        if self.state == self.STATE_OPEN:  # Autobahn's sendClose takes none of the standard's codes but one
            self.sendCloseFrame(code=code, reasonUtf8=words.encode(), isReply=False)
        elif self.state == self.STATE_CONNECTING:
            self.transport.abortConnection()

    def _listen(self, listen: bool) -> None:
        if not self.transport.disconnecting:
            (self.transport.resumeProducing if listen else self.transport.pauseProducing)()

    def _say(self, message: bytes) -> None:
        if self.state == self.STATE_OPEN:
            send_text(self, message)


class WebSocketFactory(WebSocketServerFactory):  # type: ignore[misc]
    """Makes them.

    :param calls: runs their calls.
    :param login: knows who they are.
    """

    protocol = WebProtocol
    noisy = False
    log = QuietLog()

    def __init__(self, reactor: Any, calls: Calls, login: WebLogin) -> None:
        super().__init__(URL, reactor=reactor, server="lanrage")
        self._batched_timer = ClockTimer(reactor)
        self.externalPort = None  # the door has looked at Host and Origin, which are those of the port that listens
        self.setProtocolOptions(
            maxMessagePayloadSize=CALL_LIMIT,
            maxFramePayloadSize=CALL_LIMIT,
            maxConnections=DEFAULT_LIMITS.users + DEFAULT_LIMITS.strangers,
            openHandshakeTimeout=HANDSHAKE_TIMEOUT,
            closeHandshakeTimeout=CLOSE_TIMEOUT,
            webStatus=False,
            failByDrop=False,
            tcpNoDelay=True,
        )
        self.connections: set[WebProtocol] = set()
        self.calls, self.login = calls, login

    def stop(self) -> Deferred[Any]:
        """Close all connections."""
        for connection in list(self.connections):
            connection.say_goodbye()
        return DeferredList([connection.closed for connection in self.connections])
