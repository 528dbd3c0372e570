"""The UDP port by which members look for each other on physical networks (``docs/protocol-lan.rst``).

Probes are broadcasts, sent and received on each real card. They pass this machine's firewall as games' broadcasts do:
where those do not come in by a card, neither does a probe, and then the party carries them.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from ipaddress import IPv4Address

from twisted.internet.interfaces import IReactorFDSet
from twisted.logger import Logger

from lanrage.core.frame_rules import NEIGHBOUR_PORT
from lanrage.net.lan_port import IP_PKTINFO
from lanrage.net.socket_reader import SocketReader

MAX_DATAGRAM = 2048

EVERYBODY = "255.255.255.255"
_PKTINFO = struct.Struct("=i4s4s")
_PKTINFO_SPACE = socket.CMSG_SPACE(_PKTINFO.size)

log = Logger()

Receive = Callable[[bytes, int, IPv4Address], None]


class NeighbourPort(SocketReader):
    """Broadcasts on real cards, each by its interface index.

    :param reactor: watches the socket.
    """

    prefix = "neighbours"

    def __init__(self, reactor: IReactorFDSet) -> None:
        super().__init__(reactor)
        self._receive: Receive = lambda data, index, source: None

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
        self._receive = receive
        self._watch(opened)

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
        """End; one that is closed is no error."""
        self._unwatch()

    def _read_one(self, opened: socket.socket) -> None:
        data, ancillary, _, source = opened.recvmsg(MAX_DATAGRAM, _PKTINFO_SPACE)
        index = _card_of(ancillary)
        if index and source[1] == NEIGHBOUR_PORT:
            self._take(data, index, source[0])

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
