"""A question by TCP: one connection, a bounded answer."""

from __future__ import annotations

from typing import Any

from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import ClientFactory, Protocol, connectionDone
from twisted.python.failure import Failure

from lanrage.net.game_question import Question
from lanrage.wire.games.formats import DATAGRAM_BYTES


class _Talk(Protocol):
    """Hands over what comes."""

    def __init__(self, question: StreamQuestion) -> None:
        self._question = question

    def connectionMade(self) -> None:
        """See :class:`twisted.internet.protocol.Protocol`."""
        self._question.connected(self.transport)

    def dataReceived(self, data: bytes) -> None:
        """See :class:`twisted.internet.protocol.Protocol`."""
        self._question.received(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """See :class:`twisted.internet.protocol.Protocol`."""
        del reason
        self._question.lost("hangs up")


class _Calls(ClientFactory):
    """Makes the one connection."""

    noisy = False

    def __init__(self, question: StreamQuestion) -> None:
        self._question = question

    def buildProtocol(self, addr: IAddress | None) -> Protocol:
        """See :class:`twisted.internet.protocol.Factory`."""
        del addr
        return _Talk(self._question)

    def clientConnectionFailed(self, connector: Any, reason: Failure) -> None:
        """See :class:`twisted.internet.protocol.ClientFactory`."""
        del connector
        self._question.lost(f"cannot be reached: {reason.getErrorMessage()}")


class StreamQuestion(Question):
    """See :class:`lanrage.net.game_question.Question`."""

    _connector: Any = None
    _transport: Any = None
    _stream = b""

    def _open(self, timeout: float) -> None:
        bind = (self._source, 0) if self._source else None
        self._connector = self._reactor.connectTCP(*self._target, _Calls(self), timeout=timeout, bindAddress=bind)

    def connected(self, transport: Any) -> None:
        """The connection stands: ask."""
        self._transport = transport
        self._sent_at = self._reactor.seconds()
        for payload in self._query.opening(self._token):
            self._send(payload)

    def received(self, data: bytes) -> None:
        """More of the answer."""
        self._stream += data
        if self._over:
            return
        if len(self._stream) > DATAGRAM_BYTES:
            self._fail(f"sends more than {DATAGRAM_BYTES} bytes")
            return
        self._heard(self._stream)
        if self._broken:
            self._silent()

    def lost(self, why: str) -> None:
        """There is no connection, or no more."""
        self._fail(why)

    def _send(self, payload: bytes) -> None:
        self._stream = b""
        self._transport.write(payload)

    def _close(self) -> None:
        if self._transport is not None:
            self._transport.abortConnection()
            self._transport = None
        elif self._connector is not None:
            connector, self._connector = self._connector, None
            connector.disconnect()
