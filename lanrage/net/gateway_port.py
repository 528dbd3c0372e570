"""Asks a gateway by UDP: one question, one socket that hears the gateway alone (docs/links.rst)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.protocol import DatagramProtocol

from lanrage.core.mapping import Gateway, NotMapped
from lanrage.core.rate import TokenBucket

DELAYS_S = (0.0, 0.25, 0.75, 1.75)
"""Seconds at which a question goes out until it is answered: RFC 6886 section 3.1 doubles from 250 ms."""
PATIENCE_S = 3.75
"""Seconds until a gateway that says nothing counts as one without this protocol; the RFC's two minutes are for the
case that nothing else is left to do."""
ANSWERS_RATE, ANSWERS_BURST = 20.0, 50.0
"""Answers a second, and at once, that are looked at: a gateway gone mad must not keep us busy."""

T = TypeVar("T")


class Question(DatagramProtocol, Generic[T]):
    """One question to one gateway.

    :param read: gives the answer's value, or ``None`` for what is no answer to this question; may raise
        :class:`NotMapped`.
    :ivar answer: fires with the value; fails with :class:`NotMapped`.
    """

    noisy = False

    def __init__(self, reactor: Any, gateway: Gateway, port: int, payload: bytes, read: Callable[[bytes], T | None]):
        self._reactor = reactor
        self._to = (str(gateway.address), port)
        self._payload = payload
        self._read = read
        self._calls: list[IDelayedCall] = []
        self._bucket = TokenBucket(ANSWERS_RATE, ANSWERS_BURST)
        self.answer: Deferred[T] = Deferred(lambda _: self._close())

    def startProtocol(self) -> None:
        """Hear this gateway alone; the kernel drops what others send, and tells of a closed port."""
        assert self.transport is not None
        self.transport.connect(*self._to)

    def ask(self, delays: Sequence[float], patience: float) -> None:
        """Send at these times until answered."""
        self._calls = [self._reactor.callLater(delay, self._send) for delay in delays]
        self._calls.append(self._reactor.callLater(patience, self._silent))

    def datagramReceived(self, datagram: bytes, addr: tuple[str, int]) -> None:
        """Something came; what is no answer is passed over."""
        if addr != self._to or self.answer.called or not self._bucket.take(self._reactor.seconds()):
            return
        try:
            value = self._read(datagram)
        except NotMapped as error:
            self._end(error)
            return
        if value is not None:
            self._close()
            self.answer.callback(value)

    def connectionRefused(self) -> None:
        """The gateway's port is closed (ICMP)."""
        self._end(NotMapped("the router refuses it", absent=True))

    def _send(self) -> None:
        if self.transport is not None:
            try:
                self.transport.write(self._payload, self._to)
            except OSError:  # no route at the moment: as if lost
                return

    def _silent(self) -> None:
        self._end(NotMapped("the router does not answer", absent=True))

    def _end(self, error: NotMapped) -> None:
        if not self.answer.called:
            self._close()
            self.answer.errback(error)

    def _close(self) -> None:
        for call in self._calls:
            if call.active():
                call.cancel()
        if self.transport is not None:
            self.transport.stopListening()


async def ask(
    reactor: Any,
    gateway: Gateway,
    port: int,
    payload: bytes,
    read: Callable[[bytes], T | None],
    *,
    delays: Sequence[float] = DELAYS_S,
    patience: float = PATIENCE_S,
) -> T:
    """Ask and wait for the answer.

    :raises NotMapped: as `read` says; ``absent`` where the gateway does not answer.
    """
    question = Question(reactor, gateway, port, payload, read)
    try:
        reactor.listenUDP(0, question, str(gateway.source))
    except CannotListenError as error:
        raise NotMapped(f"this machine's address {gateway.source} is gone", absent=True) from error
    question.ask(delays, patience)
    return await question.answer
