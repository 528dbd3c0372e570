"""Many UDP sockets towards one address, for birthday probing (``docs/links.rst``)."""

from __future__ import annotations

import contextlib
import select
import socket
from collections.abc import Callable

from twisted.internet.interfaces import IReactorFDSet, IReadDescriptor
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from lanrage.core.links import Endpoint
from lanrage.errors import LanrageError

log = Logger()

LARGEST = 2048
"""Bytes; a probe has at most 128, and what is longer is cut and refused by its reader."""
BATCH = 64
"""Sockets read before other readers get their turn."""


@implementer(IReadDescriptor)
class PunchSockets:
    """Opened for a round; after a hit one is kept, so that no other program gets its port.

    Each is connected: the kernel lets in only what comes from that one address. One ``epoll`` descriptor stands for all
    of them in the reactor.

    :ivar refused: datagrams that the kernel did not send.
    """

    def __init__(self, reactor: IReactorFDSet) -> None:
        self.refused = 0
        self._reactor = reactor
        self._sockets: dict[int, socket.socket] = {}
        self._places: dict[int, int] = {}
        self._poll: select.epoll | None = None
        self._receive: Callable[[int, bytes], None] = lambda place, payload: None

    def open(self, count: int, to: Endpoint, receive: Callable[[int, bytes], None]) -> None:
        """Open `count` sockets, each on a port that the kernel chooses.

        :param receive: called with a socket's place (from 0) and a payload.
        :raises LanrageError: when there are not so many sockets to be had.
        """
        self._receive = receive
        try:
            self._poll = select.epoll()
            for place in range(count):
                made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
                self._sockets[place] = made
                made.connect((to.host, to.port))
                self._places[made.fileno()] = place
                self._poll.register(made.fileno(), select.EPOLLIN)
        except OSError as error:
            self.close()
            raise LanrageError(f"{count} sockets for birthday probing cannot be opened: {error}") from error
        self._reactor.addReader(self)

    def send(self, place: int, payload: bytes) -> None:
        """Send from one socket; what the kernel refuses is counted and otherwise silent, as loss is."""
        try:
            self._sockets[place].send(payload)
        except (KeyError, OSError):
            self.refused += 1

    def keep(self, place: int) -> int:
        """Close all sockets but one, which is read no more, and return its port."""
        kept = self._sockets.pop(place)
        port: int = kept.getsockname()[1]
        self.close()
        self._sockets[place] = kept
        return port

    def close(self) -> None:
        """Close all; may be called twice."""
        poll, self._poll = self._poll, None
        if poll is not None:
            self._reactor.removeReader(self)
            poll.close()
        for each in self._sockets.values():
            each.close()
        self._sockets, self._places = {}, {}

    def fileno(self) -> int:
        """The descriptor of all, -1 when closed."""
        return -1 if self._poll is None else self._poll.fileno()

    def logPrefix(self) -> str:
        """Names this descriptor in the log."""
        return "birthday probing"

    def doRead(self) -> None:
        """Deliver what has come."""
        if self._poll is None:
            return
        for descriptor, _ in self._poll.poll(0, BATCH):
            place = self._places.get(descriptor)
            if place is None or place not in self._sockets:
                continue  # the one before made the round end
            with contextlib.suppress(OSError):  # an ICMP error of an earlier packet, for one
                self._deliver(place, self._sockets[place].recv(LARGEST))

    def connectionLost(self, reason: Failure) -> None:
        """The reactor gives the sockets up (it does so at its stop)."""
        del reason
        self.close()

    def _deliver(self, place: int, payload: bytes) -> None:
        try:
            self._receive(place, payload)
        except Exception:  # pylint: disable=broad-exception-caught  # one datagram never stops the round
            log.failure("a datagram at a socket of birthday probing was not dealt with")
