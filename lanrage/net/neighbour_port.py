"""The UDP port by which members look for each other on physical networks (``docs/protocol-lan.rst``).

Probes are broadcasts, sent and received on each real card. They pass this machine's firewall as games' broadcasts do:
where those do not come in by a card, neither does a probe, and then the party carries them.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from ipaddress import IPv4Address

import attrs
from twisted.internet.interfaces import IReactorFDSet, IReadDescriptor
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from lanrage.core.frame_rules import NEIGHBOUR_PORT
from lanrage.net.lan_port import IP_PKTINFO

MAX_DATAGRAM = 2048
BATCH = 64
"""Datagrams read before other readers get their turn."""

EVERYBODY = "255.255.255.255"
_PKTINFO = struct.Struct("=i4s4s")
_PKTINFO_SPACE = socket.CMSG_SPACE(_PKTINFO.size)

log = Logger()

Receive = Callable[[bytes, int, IPv4Address], None]


@implementer(IReadDescriptor)
@attrs.define(eq=False)
class NeighbourPort:
    """Broadcasts on real cards, each by its interface index.

    :param reactor: watches the socket.
    """

    reactor: IReactorFDSet
    _socket: socket.socket | None = None
    _receive: Receive = lambda data, index, source: None

    def open(self, receive: Receive) -> None:
        """Begin.

        :param receive: called with each datagram, the index of the card it came by, and its source.
        :raises OSError: when another program has the port.
        """
        opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        try:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            opened.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
            opened.bind(("", NEIGHBOUR_PORT))
        except OSError:
            opened.close()
            raise
        self._socket, self._receive = opened, receive
        self.reactor.addReader(self)

    def send(self, payload: bytes, index: int, source: IPv4Address) -> bool:
        """Broadcast on one card; false when the kernel does not take it.

        :param index: the card's interface index.
        :param source: this machine's address there.
        """
        if self._socket is None:
            return False
        info = [(socket.IPPROTO_IP, IP_PKTINFO, _PKTINFO.pack(index, source.packed, bytes(4)))]
        try:
            self._socket.sendmsg([payload], info, 0, (EVERYBODY, NEIGHBOUR_PORT))
        except OSError:
            return False
        return True

    def close(self) -> None:
        """End; closing twice is no error."""
        opened, self._socket = self._socket, None
        if opened is not None:
            self.reactor.removeReader(self)
            opened.close()

    def fileno(self) -> int:
        """For the reactor."""
        return -1 if self._socket is None else self._socket.fileno()

    def logPrefix(self) -> str:  # pylint: disable=invalid-name
        """For the reactor."""
        return "neighbours"

    def doRead(self) -> None:  # pylint: disable=invalid-name
        """For the reactor: read what is there."""
        for _ in range(BATCH):
            if self._socket is None:
                return
            try:
                data, ancillary, _, source = self._socket.recvmsg(MAX_DATAGRAM, _PKTINFO_SPACE)
            except OSError:
                return
            index = _card_of(ancillary)
            if index and source[1] == NEIGHBOUR_PORT:
                self._take(data, index, source[0])

    def connectionLost(self, reason: Failure) -> None:  # pylint: disable=invalid-name
        """For the reactor: it stops, or the descriptor broke."""
        del reason
        self.close()

    def _take(self, data: bytes, index: int, source: str) -> None:
        try:
            self._receive(data, index, IPv4Address(source))
        except Exception:  # pylint: disable=broad-except  # one datagram never stops the port
            log.failure("a neighbour's probe from {source} was not dealt with", source=source)


def _card_of(ancillary: list[tuple[int, int, bytes]]) -> int:
    """The index of the card that a datagram came by; 0 where the kernel did not say."""
    for level, kind, value in ancillary:
        if level == socket.IPPROTO_IP and kind == IP_PKTINFO:
            index: int = _PKTINFO.unpack_from(value)[0]
            return index
    return 0
