"""Asks a gateway by UDP: one question, one socket that hears the gateway alone (docs/links.rst)."""

from __future__ import annotations

import socket
from collections.abc import Callable, Collection, Sequence
from enum import IntEnum
from typing import Any, Generic, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReadDescriptor
from twisted.python.failure import Failure
from zope.interface import implementer

from lanrage.core.mapping import Gateway, NotMapped

DELAYS_S = (0.0, 0.25, 0.75, 1.75)
"""Seconds at which a question goes out until it is answered: RFC 6886 section 3.1 doubles from 250 ms."""
PATIENCE_S = 3.75
"""Seconds until a gateway that says nothing counts as one without this protocol; the RFC's two minutes are for the
case that nothing else is left to do."""
ANSWERS_LIMIT = 100
"""Datagrams that are looked at for one question: a gateway gone mad must not keep us busy."""
LARGEST = 2048
"""Bytes read; what is longer is no answer, and is refused by its size."""

T = TypeVar("T")


@implementer(IReadDescriptor)
class Question(Generic[T]):
    """One question to one gateway.

    :param read: gives the answer's value, or ``None`` for what is no answer to this question; may raise
        :class:`NotMapped`.
    :ivar answer: fires with the value; fails with :class:`NotMapped`.
    """

    def __init__(self, reactor: Any, gateway: Gateway, port: int, payload: bytes, read: Callable[[bytes], T | None]):
        self._reactor = reactor
        self._payload = payload
        self._read = read
        self._calls: list[IDelayedCall] = []
        self._looked = 0
        self.answer: Deferred[T] = Deferred(lambda _: self._close())
        self._socket = made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        try:
            made.bind((str(gateway.source), 0))
            # From here on the kernel drops what others send, and tells of a closed port.
            made.connect((str(gateway.address), port))
        except OSError:
            made.close()
            raise

    def ask(self, delays: Sequence[float], patience: float) -> None:
        """Send at these times until answered."""
        self._reactor.addReader(self)
        self._calls = [self._reactor.callLater(delay, self._send) for delay in delays]
        self._calls.append(self._reactor.callLater(patience, self._silent))

    def fileno(self) -> int:
        """The socket's descriptor, -1 when closed."""
        return self._socket.fileno()

    def logPrefix(self) -> str:
        """Names this descriptor in the log."""
        return "gateway"

    def doRead(self) -> None:
        """Something came; what is no answer is passed over."""
        try:
            datagram = self._socket.recv(LARGEST)
            self._looked += 1
            value = self._read(datagram) if self._looked <= ANSWERS_LIMIT else None
        except ConnectionRefusedError:  # ICMP tells that the port is closed
            self._end(NotMapped("the router refuses it", absent=True))
        except OSError:  # nothing there, or no way at the moment
            return
        except NotMapped as error:
            self._end(error)
        else:
            if value is not None and not self.answer.called:
                self._close()
                self.answer.callback(value)

    def connectionLost(self, reason: Failure) -> None:
        """The reactor gives the socket up: for an error (ICMP tells that the port is closed), or at its stop."""
        del reason
        refused = self._socket.fileno() >= 0 and self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        self._end(NotMapped("the router refuses it" if refused else "stopping", absent=True))

    def _send(self) -> None:
        try:
            self._socket.send(self._payload)
        except ConnectionRefusedError:
            self._end(NotMapped("the router refuses it", absent=True))
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
        if self._socket.fileno() >= 0:
            self._reactor.removeReader(self)
            self._socket.close()


async def ask(reactor: Any, gateway: Gateway, port: int, payload: bytes, read: Callable[[bytes], T | None]) -> T:
    """Ask and wait for the answer.

    :raises NotMapped: as `read` says; ``absent`` where the gateway does not answer.
    """
    try:
        question = Question(reactor, gateway, port, payload, read)
    except OSError as error:
        raise NotMapped(f"no way to the router {gateway.address}: {error.strerror}", absent=True) from error
    question.ask(DELAYS_S, PATIENCE_S)
    return await question.answer


def refusal(results: type[IntEnum], result: int, elsewhere: Collection[int]) -> NotMapped:
    """What a gateway's answer without success is to the caller.

    :param results: the protocol's words for its numbers.
    :param elsewhere: results after which another protocol may do.
    """
    word = results(result).name if result in set(results) else f"result {result}"
    return NotMapped(f"the router refuses: {word}", absent=result in elsewhere)
