"""An ordinary UDP port with the probe port's face."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort
from twisted.internet.protocol import DatagramProtocol
from twisted.logger import Logger
from zope.interface import implementer

from lanrage.core.links import Endpoint
from lanrage.interfaces import IProbePort

log = Logger()


class _Receiver(DatagramProtocol):
    noisy = False

    def __init__(self, receive: Callable[[bytes, Endpoint, str], None]) -> None:
        self._receive = receive

    def datagramReceived(self, datagram: bytes, addr: tuple[str, int]) -> None:
        """One datagram from anybody."""
        if not addr[1]:
            return  # a forged source: nobody sends from port 0
        try:
            self._receive(datagram, Endpoint(addr[0], addr[1]), "")
        except Exception:  # pylint: disable=broad-exception-caught  # one datagram never stops the port
            log.failure("a datagram from {source} was not dealt with", source=addr)


@implementer(IProbePort)
class PlainPort:
    """A UDP port of its own, not shared with WireGuard; port 0 is one of the system's choice.

    :ivar refused: datagrams that the kernel did not send.
    """

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._listening: IListeningPort | None = None
        self._transport: Any = None
        self.refused = 0

    def open(self, port: int, receive: Callable[[bytes, Endpoint, str], None]) -> None:
        """See :meth:`lanrage.interfaces.IProbePort.open`; the local address is not told.

        :raises OSError: the port cannot be had.
        """
        receiver = _Receiver(receive)
        try:
            self._listening = self._reactor.listenUDP(port, receiver)
        except CannotListenError as error:
            raise OSError(str(error)) from error
        self._transport = receiver.transport

    def send(self, payload: bytes, to: Endpoint) -> None:
        """See :meth:`lanrage.interfaces.IProbePort.send`."""
        if self._listening is None:
            return
        try:
            self._transport.write(payload, (to.host, to.port))
        except OSError:
            self.refused += 1

    def close(self) -> None:
        """See :meth:`lanrage.interfaces.IProbePort.close`."""
        listening, self._listening = self._listening, None
        if listening is not None:
            closing = listening.stopListening()
            if isinstance(closing, Deferred):
                closing.addErrback(lambda failure: log.failure("a port did not close", failure))
