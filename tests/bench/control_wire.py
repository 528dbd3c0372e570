"""One bench client's connection: lean WebSocket framing, the real login, then sealed requests and notices."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.protocol import ClientFactory, Protocol
from twisted.python.failure import Failure

from lanrage.core.identity import NodeKeys
from lanrage.errors import LanrageError, Unreachable
from lanrage.net.control_client import CONNECT_TIMEOUT, LOGIN_TIMEOUT
from lanrage.wire.control import NoticeBody, Reply, ReplyBody, Request, RequestBody, decode_record
from lanrage.wire.control_codec import SUBPROTOCOLS
from lanrage.wire.login import ClientLogin
from tests.bench.control_framing import BINARY, CLOSE, PING, PONG, Deframer, frame, upgrade

Hear = Callable[[NoticeBody, str], None]


class Wire(Protocol):
    """A connection; dial it by :func:`dial`.

    :param hear: called with each notice's body and correlation id.
    :ivar ready: fires with this once it is logged in; fails when it is lost before.
    :ivar lost: fires with this when a connection that was logged in is lost.
    :ivar pings: that came from the server.
    """

    def __init__(self, keys: NodeKeys, pin: bytes, hear: Hear) -> None:
        self.login = ClientLogin(keys, pin, os.urandom)
        self.ready: Deferred[Wire] = Deferred(lambda _: self.cut())
        self.lost: Deferred[Wire] = Deferred()
        self.pings = 0
        self._hear = hear
        self._deframer = Deframer()
        self._answers: dict[int, Callable[[ReplyBody], None]] = {}
        self._waiting: set[Deferred[ReplyBody]] = set()
        self._number = 0

    def connectionMade(self) -> None:
        """TCP stands: ask for a WebSocket."""
        transport: Any = self.transport
        transport.setTcpNoDelay(True)
        transport.write(upgrade("bench", ", ".join(SUBPROTOCOLS)))

    def dataReceived(self, data: bytes) -> None:
        """Bytes from the server."""
        try:
            opened = self._deframer.opened
            frames = self._deframer.feed(data)
            if not opened and self._deframer.opened:
                self._write(BINARY, self.login.start())
            for first, payload in frames:
                self._frame(first, payload)
        except (LanrageError, ValueError):
            self.cut()

    def _frame(self, first: int, payload: bytes) -> None:
        if first == PING:
            self.pings += 1
            self._write(PONG, payload)
        elif first == CLOSE:
            self.cut()
        elif not self.login.done:
            self._write(BINARY, self.login.receive(payload))
            if self.login.done:
                self.ready.callback(self)
        else:
            self._message(payload)

    def _message(self, payload: bytes) -> None:
        assert self.login.channel is not None
        message = decode_record(self.login.channel.open(payload))
        if isinstance(message, Reply):
            answered = self._answers.pop(message.id, None)
            if answered is not None:
                answered(message.body)
        else:
            self._hear(message.body, message.correlation_id)

    def _write(self, first: int, payload: bytes) -> None:
        transport: Any = self.transport
        transport.write(frame(first, payload))

    def ask(self, body: RequestBody, answered: Callable[[ReplyBody], None], correlation_id: str = "") -> int:
        """Send a request; `answered` is called with the reply's body. Gives the bytes of the sealed request."""
        assert self.login.channel is not None
        self._number += 1
        self._answers[self._number] = answered
        record = self.login.channel.seal(Request(self._number, body, correlation_id))
        self._write(BINARY, record)
        return len(record)

    def request(self, body: RequestBody) -> Deferred[ReplyBody]:
        """Send a request; fires with the reply's body, a refusal included; fails when the connection is lost."""
        answer: Deferred[ReplyBody] = Deferred()
        self._waiting.add(answer)

        def answered(reply: ReplyBody) -> None:
            self._waiting.discard(answer)
            answer.callback(reply)

        self.ask(body, answered)
        return answer

    def cut(self) -> None:
        """End the connection now, by a reset."""
        transport: Any = self.transport
        if transport is not None:
            transport.abortConnection()

    def connectionLost(self, reason: Failure = Failure(Unreachable("lost"))) -> None:  # noqa: B008
        """The connection is gone."""
        if not self.ready.called:
            self.ready.errback(Unreachable("the connection was lost before the login was done"))
        else:
            self.lost.callback(self)
        waiting, self._waiting = self._waiting, set()
        for answer in waiting:
            answer.errback(Unreachable("the connection was lost before the answer"))


class _Factory(ClientFactory):
    noisy = False

    def __init__(self, wire: Wire) -> None:
        self.wire = wire

    def buildProtocol(self, addr: Any) -> Wire:
        """The one."""
        return self.wire

    def clientConnectionFailed(self, connector: Any, reason: Failure) -> None:
        """No TCP connection came to be."""
        if not self.wire.ready.called:
            self.wire.ready.errback(reason)


def dial(reactor: Any, port: int, keys: NodeKeys, pin: bytes, hear: Hear) -> Deferred[Wire]:
    """Connect and log in; fails when either does not come to be in the time that a node would wait."""
    wire = Wire(keys, pin, hear)
    reactor.connectTCP("127.0.0.1", port, _Factory(wire), timeout=CONNECT_TIMEOUT)
    return wire.ready.addTimeout(LOGIN_TIMEOUT, reactor)


def free_port() -> int:
    """A TCP port of loopback that nobody has now; a server that is killed and started again needs the same."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
