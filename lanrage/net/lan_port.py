"""The UDP port by which LAN frames travel between members, inside the tunnel (``docs/protocol-lan.rst``).

The port is bound on all addresses and without ``SO_REUSEADDR``: while it stands, no other local program can bind port
4666 on any address or device, and so none can send a frame that looks like ours (a program bound to another address
could name the party address as source by ``IP_PKTINFO``). What arrives is taken only from the tunnel device and for the
party address, sent from port 4666.
"""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Callable
from ipaddress import IPv4Address

from twisted.internet.interfaces import IReactorFDSet
from twisted.logger import Logger

from lanrage.core.exposure import CARRIER_PORT
from lanrage.errors import BadInput, MissingRight, Unreachable
from lanrage.net.socket_reader import SocketReader

LAN_PORT = CARRIER_PORT
MAX_DATAGRAM = 2048
"""More than any tunnel's MTU; what is longer is cut and then refused as no frame."""

IP_FREEBIND = 15
IP_MTU_DISCOVER = 10
IP_PMTUDISC_DO = 2
IP_PKTINFO = 8
"""From ``linux/in.h``; Python 3.11 does not name them."""

_PKTINFO = struct.Struct("=i4s4s")
_PKTINFO_SPACE = socket.CMSG_SPACE(_PKTINFO.size)

SEND_BUFFER = 1 << 20
"""16 members x 200 frames a second for half a second, while WireGuard waits for a handshake."""

RECEIVE_BUFFER = 4 << 20
"""Bytes, about 3,000 datagrams as the kernel counts them: while a flood of 20,000 a second comes and this process is
held up for a tenth of a second, the others' announcements still find room."""

SO_SNDBUFFORCE, SO_RCVBUFFORCE = 32, 33
"""<asm-generic/socket.h>: past ``net.core.wmem_max`` and ``rmem_max``, with CAP_NET_ADMIN."""

log = Logger()


class LanPort(SocketReader):
    """Sends and receives the carrier's datagrams.

    :param reactor: watches the socket.
    :param address: this member's party address.
    :param device: the tunnel's name: datagrams leave and arrive by it alone; ``None`` for any device.
    :param port: UDP port here and at all members.
    :param title: what errors call it.
    :ivar strangers: datagrams refused because of their source port, destination or device.
    """

    prefix = "LAN port"

    def __init__(
        self,
        reactor: IReactorFDSet,
        address: IPv4Address,
        device: str | None = None,
        port: int = LAN_PORT,
        *,
        title: str = "LAN port",
    ) -> None:
        super().__init__(reactor)
        self.address, self.device, self.port, self.title = address, device, port, title
        self.strangers = 0
        self._index = 0
        self._receive: Callable[[bytes, str], None] | None = None
        self._ancillary: list[tuple[int, int, bytes]] = []

    def open(self, receive: Callable[[bytes, str], None]) -> None:
        """Own the port.

        :param receive: called with each datagram and the party address it came from.
        :raises BadInput: when another program has the port.
        :raises Unreachable: when the tunnel device is not there.
        """
        self._index = self._device_index()
        opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        try:
            opened.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
            opened.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO)
            _set_buffer(opened, SO_SNDBUFFORCE, socket.SO_SNDBUF, SEND_BUFFER)
            _set_buffer(opened, SO_RCVBUFFORCE, socket.SO_RCVBUF, RECEIVE_BUFFER)
            opened.bind(("", self.port))
        except OSError as error:
            opened.close()
            raise _translate(error, self.port, self.title) from error
        self._receive = receive
        info = _PKTINFO.pack(self._index, self.address.packed, bytes(4))
        self._ancillary = [(socket.IPPROTO_IP, IP_PKTINFO, info)]
        self._watch(opened)

    def send(self, payload: bytes, to: str) -> int:
        """Send a datagram to one member.

        :param to: the member's party address.
        :return: 0, or the error number with which the kernel refused it.
        """
        if self._socket is None:
            return errno.ENOTCONN
        try:
            self._socket.sendmsg([payload], self._ancillary, 0, (to, self.port))
        except OSError as error:
            return error.errno or errno.EIO
        return 0

    def close(self) -> None:
        """Give the port back; closing twice is no error."""
        self._receive = None
        self._unwatch()

    def _read_one(self, opened: socket.socket) -> None:
        data, ancillary, _, source = opened.recvmsg(MAX_DATAGRAM, _PKTINFO_SPACE)
        self._take(data, ancillary, source)

    def _take(self, data: bytes, ancillary: list[tuple[int, int, bytes]], source: tuple[str, int]) -> None:
        index, to = 0, b""
        for level, kind, value in ancillary:
            if level == socket.IPPROTO_IP and kind == IP_PKTINFO:
                index, _, to = _PKTINFO.unpack_from(value)
        if source[1] != self.port or to != self.address.packed or self._index not in (0, index):
            self.strangers += 1
            return
        if self._receive is not None:
            try:
                self._receive(data, source[0])
            except Exception:  # pylint: disable=broad-except
                log.failure(
                    "a datagram from {source} broke what the {title} is for", source=source[0], title=self.title
                )

    def _device_index(self) -> int:
        if self.device is None:
            return 0
        try:
            return socket.if_nametoindex(self.device)
        except OSError as error:
            raise Unreachable(f"the tunnel device {self.device} is not there") from error


def _set_buffer(opened: socket.socket, force: int, plain: int, size: int) -> None:
    """As large as asked for where this process may, else as large as the system lets anybody have."""
    try:
        opened.setsockopt(socket.SOL_SOCKET, force, size)
    except PermissionError:
        opened.setsockopt(socket.SOL_SOCKET, plain, size)


def _translate(error: OSError, port: int, title: str) -> Exception:
    if error.errno == errno.EADDRINUSE:
        return BadInput(title, f"UDP port {port} is taken by another program on this machine")
    if error.errno in (errno.EPERM, errno.EACCES):
        return MissingRight(f"UDP port {port} may not be opened: {error.strerror}")
    return Unreachable(f"UDP port {port} cannot be opened: {error.strerror}")
