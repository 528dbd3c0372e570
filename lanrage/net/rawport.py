"""Probes and STUN from WireGuard's own UDP port, by raw sockets beside it (docs/links.rst)."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable

from twisted.internet.interfaces import IReadDescriptor
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from lanrage.core.links import Endpoint
from lanrage.interfaces import IProbePort
from lanrage.net.raw_sockets import RawSocket4, RawSocket6
from lanrage.net.threads import INetReactor
from lanrage.wire.udp import Datagram

log = Logger()

BATCH = 64
"""Datagrams read before other readers get their turn."""


@implementer(IProbePort)
class RawProbePort:
    """Shares WireGuard's port: WireGuard ignores what is not its own, and the filters let only our own in.

    :ivar refused: datagrams that the kernel did not send (unreachable, no route, forbidden).
    :ivar malformed: packets that passed the filter and are no datagram.
    """

    def __init__(self, reactor: INetReactor) -> None:
        self.refused = 0
        self.malformed = 0
        self._reactor = reactor
        self._four: RawSocket4 | None = None
        self._six: RawSocket6 | None = None
        self._readers: list[_Reader] = []
        self._receive: Callable[[bytes, Endpoint, str], None] = lambda payload, source, local: None

    def open(self, port: int, receive: Callable[[bytes, Endpoint, str], None]) -> None:
        """See :meth:`lanrage.interfaces.IProbePort.open`."""
        self._receive = receive
        self._four = RawSocket4(port, self._reactor.seconds)
        self._readers = [_Reader(self, self._four.socket, self._four.receive)]
        with contextlib.suppress(OSError):  # a machine without IPv6
            self._six = RawSocket6(port)
            self._readers.append(_Reader(self, self._six.socket, self._six.receive))
        for reader in self._readers:
            self._reactor.addReader(reader)

    def send(self, payload: bytes, to: Endpoint) -> None:
        """See :meth:`lanrage.interfaces.IProbePort.send`."""
        if self._four is None:
            return
        try:
            if ":" not in to.host:
                self._four.send(payload, to)
            elif self._six is not None:
                self._six.send(payload, to)
            else:
                self.refused += 1
        except OSError:
            self.refused += 1

    def close(self) -> None:
        """See :meth:`lanrage.interfaces.IProbePort.close`."""
        readers, self._readers = self._readers, []
        self._four = self._six = None
        for reader in readers:
            self._reactor.removeReader(reader)
            reader.socket.close()

    def deliver(self, datagram: Datagram | None) -> None:
        """A packet passed a filter."""
        if datagram is None:
            self.malformed += 1
            return
        try:
            self._receive(datagram.payload, datagram.source, datagram.to.host)
        except Exception:  # pylint: disable=broad-exception-caught  # one datagram never stops the port
            log.failure("a datagram from {source} was not dealt with", source=datagram.source)


@implementer(IReadDescriptor)
class _Reader:
    """One family's socket, as the reactor knows it."""

    def __init__(self, port: RawProbePort, raw: socket.socket, receive: Callable[[], Datagram | None]) -> None:
        self._port = port
        self._receive = receive
        self.socket = raw

    def fileno(self) -> int:
        """The socket's descriptor, -1 when closed."""
        return self.socket.fileno()

    def logPrefix(self) -> str:
        """Names this descriptor in the log."""
        return "probe port"

    def doRead(self) -> None:
        """Deliver what has come, at most :data:`BATCH` at once."""
        for _ in range(BATCH):
            if self.socket.fileno() < 0:
                return
            try:
                datagram = self._receive()
            except OSError:
                return
            self._port.deliver(datagram)

    def connectionLost(self, reason: Failure) -> None:
        """The reactor gives the socket up (it does so at its stop)."""
        del reason
        self._port.close()
