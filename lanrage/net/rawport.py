"""Probes and STUN from WireGuard's own UDP port, by a raw socket beside it (docs/links.rst)."""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Callable

from twisted.internet.interfaces import IReactorFDSet, IReadDescriptor
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from lanrage.core.links import Endpoint
from lanrage.errors import MissingRight
from lanrage.interfaces import IProbePort
from lanrage.net.bpf import ACCEPT, HEADER_LENGTH_X, JUMP_EQUAL, LOAD_HALF_X, LOAD_WORD_X, REFUSE, Instruction, attach
from lanrage.net.devices import NET_ADMIN_HINT
from lanrage.wire.udp import read_packet, write_segment

log = Logger()

PROBE_MAGIC, RELAY_MAGIC, STUN_COOKIE = b"LRNG", b"LRRL", b"\x21\x12\xa4\x42"
"""The first bytes of our probes and of the relay's messages; bytes 4 to 8 of STUN (RFC 8489, section 5)."""

BATCH = 64
"""Datagrams read before other readers get their turn."""

LARGEST = 65535
"""Bytes; no IPv4 packet is longer."""

RECEIVE_BUFFER = 1 << 18
"""Bytes; probes are about 100 bytes, so this holds a thousand of them."""

IP_PKTINFO = 8
"""<linux/in.h>; Python 3.11 does not name it."""


def probe_filter(port: int) -> list[Instruction]:
    """Accept IPv4 UDP datagrams to `port` that begin as ours or as STUN does; the packet begins at its IP header."""
    probe, relay, cookie = (int.from_bytes(word, "big") for word in (PROBE_MAGIC, RELAY_MAGIC, STUN_COOKIE))
    return [
        (HEADER_LENGTH_X, 0, 0, 0),
        (LOAD_HALF_X, 0, 0, 2),
        (JUMP_EQUAL, 0, 6, port),
        (LOAD_WORD_X, 0, 0, 8),
        (JUMP_EQUAL, 3, 0, probe),
        (JUMP_EQUAL, 2, 0, relay),
        (LOAD_WORD_X, 0, 0, 12),
        (JUMP_EQUAL, 0, 1, cookie),
        ACCEPT,
        REFUSE,
    ]


@implementer(IProbePort, IReadDescriptor)
class RawProbePort:
    """Shares WireGuard's port: WireGuard ignores what is not its own, and the filter lets only our own in.

    :ivar refused: datagrams that the kernel did not send (unreachable, no route, forbidden).
    :ivar malformed: packets that passed the filter and are no datagram.
    """

    def __init__(self, reactor: IReactorFDSet) -> None:
        self.refused = 0
        self.malformed = 0
        self._reactor = reactor
        self._port = 0
        self._socket: socket.socket | None = None
        self._receive: Callable[[bytes, Endpoint, str], None] = lambda payload, source, local: None

    def open(self, port: int, receive: Callable[[bytes, Endpoint, str], None]) -> None:
        """See :meth:`lanrage.interfaces.IProbePort.open`."""
        try:
            raw = socket.socket(socket.AF_INET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.IPPROTO_UDP)
        except PermissionError as error:
            raise MissingRight(f"probing paths needs CAP_NET_RAW: {NET_ADMIN_HINT}") from error
        attach(raw, probe_filter(port))
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        self._port, self._receive, self._socket = port, receive, raw
        self._reactor.addReader(self)

    def send(self, payload: bytes, to: Endpoint) -> None:
        """See :meth:`lanrage.interfaces.IProbePort.send`."""
        if self._socket is None:
            return
        try:
            source = source_for(to)
            segment = write_segment(payload, Endpoint(source, self._port), to)
            # The checksum covers the source address, so the kernel is told to use that very one.
            info = struct.pack("=i4s4s", 0, socket.inet_aton(source), bytes(4))
            self._socket.sendmsg([segment], [(socket.IPPROTO_IP, IP_PKTINFO, info)], 0, (to.host, 0))
        except OSError:
            self.refused += 1

    def close(self) -> None:
        """See :meth:`lanrage.interfaces.IProbePort.close`."""
        raw, self._socket = self._socket, None
        if raw is not None:
            self._reactor.removeReader(self)
            raw.close()

    def fileno(self) -> int:
        """The socket's descriptor, -1 when closed."""
        return -1 if self._socket is None else self._socket.fileno()

    def logPrefix(self) -> str:
        """Names this descriptor in the log."""
        return "probe port"

    def doRead(self) -> None:
        """Deliver what has come, at most :data:`BATCH` at once."""
        for _ in range(BATCH):
            if self._socket is None:
                return
            try:
                packet = self._socket.recv(LARGEST)
            except OSError:
                return
            self._deliver(packet)

    def connectionLost(self, reason: Failure) -> None:
        """The reactor gives the socket up (it does so at its stop)."""
        del reason
        self.close()

    def _deliver(self, packet: bytes) -> None:
        datagram = read_packet(packet)
        if datagram is None:
            self.malformed += 1
            return
        try:
            self._receive(datagram.payload, datagram.source, datagram.to.host)
        except Exception:  # pylint: disable=broad-exception-caught  # one datagram never stops the port
            log.failure("a datagram from {source} was not dealt with", source=datagram.source)


def source_for(to: Endpoint) -> str:
    """The address that this machine would send from, as its routes tell.

    :raises OSError: when there is no way to that address.
    """
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as asked:
        asked.connect((to.host, to.port))
        source: str = asked.getsockname()[0]
        return source
