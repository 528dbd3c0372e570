"""A reactor whose UDP sockets are in memory, and game servers on the loopback, for questions to servers."""

from __future__ import annotations

from typing import Any

import attrs
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import CannotListenError
from twisted.internet.protocol import DatagramProtocol, Protocol
from twisted.internet.task import Clock


@attrs.define
class MemoryUdpPort:
    """One socket.

    :ivar sent: payload and address, ``None`` for the connected one.
    """

    protocol: DatagramProtocol
    number: int
    interface: str
    target: tuple[str, int] | None = None
    groups: list[tuple[str, str]] = attrs.field(factory=list)
    no_group: bool = False
    open: bool = True
    unreachable: Exception | None = None
    sent: list[tuple[bytes, tuple[str, int] | None]] = attrs.field(factory=list)

    def connect(self, host: str, port: int) -> None:
        """See ``IUDPTransport``."""
        if self.unreachable is not None:
            raise self.unreachable
        self.target = (host, port)

    def write(self, payload: bytes, addr: tuple[str, int] | None = None) -> None:
        """See ``IUDPTransport``."""
        assert self.open
        self.sent.append((payload, addr))

    def joinGroup(self, group: str, interface: str) -> Deferred[None]:
        """See ``IMulticastTransport``."""
        if self.unreachable is not None:
            raise self.unreachable
        if self.no_group:
            return fail(OSError("no such device"))
        self.groups.append((group, interface))
        return succeed(None)

    def stopListening(self) -> None:
        """See ``IListeningPort``."""
        self.open = False
        self.protocol.stopProtocol()

    def hear(self, payload: bytes, host: str, port: int) -> None:
        """A datagram arrives."""
        if self.open:
            self.protocol.datagramReceived(payload, (host, port))


class MemoryUdpReactor(Clock):
    """Time and sockets of the test.

    :ivar taken: ports that somebody else has.
    :ivar unreachable: raised by sockets that shall connect.
    """

    def __init__(self) -> None:
        super().__init__()
        self.taken: set[int] = set()
        self.made: list[MemoryUdpPort] = []
        self.no_group = False
        self.unreachable: Exception | None = None

    def listenUDP(self, port: int, protocol: DatagramProtocol, interface: str, maxPacketSize: int) -> MemoryUdpPort:
        """See ``IReactorUDP``."""
        assert maxPacketSize > 1500
        if port in self.taken:
            raise CannotListenError(interface, port, OSError("taken"))
        self.made.append(MemoryUdpPort(protocol, port, interface, unreachable=self.unreachable))
        return self.made[-1]

    def listenMulticast(
        self, port: int, protocol: DatagramProtocol, maxPacketSize: int, listenMultiple: bool
    ) -> MemoryUdpPort:
        """See ``IReactorMulticast``."""
        assert listenMultiple
        made = self.listenUDP(port, protocol, "", maxPacketSize)
        made.no_group = self.no_group
        return made


class UdpServer(DatagramProtocol):
    """Answers each datagram with the next of its answers."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)
        self.heard: list[tuple[bytes, Any]] = []

    def datagramReceived(self, datagram: bytes, addr: Any) -> None:
        """See ``DatagramProtocol``."""
        self.heard.append((datagram, addr))
        if self.answers:
            assert self.transport is not None
            self.transport.write(self.answers.pop(0), addr)


class TcpServer(Protocol):
    """Sends its pieces when it is asked, then hangs up if it shall."""

    pieces: tuple[bytes, ...] = ()
    hang_up = False

    def dataReceived(self, data: bytes) -> None:
        """See ``Protocol``."""
        assert self.transport is not None
        for piece in self.pieces:
            self.transport.write(piece)
        if self.hang_up:
            self.transport.loseConnection()
