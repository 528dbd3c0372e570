"""Raw sockets that share WireGuard's port, one a family: IPv4's gives the IP header, IPv6's does not (raw(7))."""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Callable

from lanrage.core.links import Endpoint
from lanrage.errors import MissingRight
from lanrage.net.bpf import (
    ACCEPT,
    HEADER_LENGTH_X,
    JUMP_EQUAL,
    LOAD_HALF,
    LOAD_HALF_X,
    LOAD_WORD,
    LOAD_WORD_X,
    REFUSE,
    Instruction,
    attach,
)
from lanrage.net.devices import NET_ADMIN_HINT
from lanrage.wire.udp import Datagram, read_packet, read_segment, write_header, write_segment

PROBE_MAGIC, RELAY_MAGIC, STUN_COOKIE = b"LRNG", b"LRRL", b"\x21\x12\xa4\x42"
"""The first bytes of our probes and of the relay's messages; bytes 4 to 8 of STUN (RFC 8489, section 5)."""

LARGEST = 65535
"""Bytes; no packet is longer."""

RECEIVE_BUFFER = 1 << 18
"""Bytes; probes are about 100 bytes, so this holds a thousand of them."""

IP_PKTINFO = 8
"""<linux/in.h>; Python 3.11 does not name it."""
IPV6_CHECKSUM = 7
"""<linux/in6.h>: the kernel fills the checksum in, at this offset of each packet (RFC 3542, section 3.1)."""
CHECKSUM_OFFSET = 6
"""Of UDP's checksum in its header."""
SOURCE_SECONDS = 1.0
"""How long a source address is believed: asking the routes costs more than all else of a probe, and a probe that goes
out with the address before a change is one lost probe."""
SOURCES_LIMIT = 1024
"""Hosts remembered in that time."""
PKTINFO_BYTES = 20
"""``struct in6_pktinfo``: an address and the card's number."""


def _udp_filter(port: int, load_half: int, load_word: int) -> list[Instruction]:
    """The rest of a program; the loads count from the UDP header."""
    probe, relay, cookie = (int.from_bytes(word, "big") for word in (PROBE_MAGIC, RELAY_MAGIC, STUN_COOKIE))
    return [
        (load_half, 0, 0, 2),
        (JUMP_EQUAL, 0, 6, port),
        (load_word, 0, 0, 8),
        (JUMP_EQUAL, 3, 0, probe),
        (JUMP_EQUAL, 2, 0, relay),
        (load_word, 0, 0, 12),
        (JUMP_EQUAL, 0, 1, cookie),
        ACCEPT,
        REFUSE,
    ]


def probe_filter(port: int) -> list[Instruction]:
    """Accept IPv4 UDP datagrams to `port` that begin as ours or as STUN does; the packet begins at its IP header."""
    return [(HEADER_LENGTH_X, 0, 0, 0), *_udp_filter(port, LOAD_HALF_X, LOAD_WORD_X)]


def probe_filter6(port: int) -> list[Instruction]:
    """Likewise for IPv6, where the packet begins at its UDP header."""
    return _udp_filter(port, LOAD_HALF, LOAD_WORD)


def _open(family: int, program: list[Instruction]) -> socket.socket:
    try:
        raw = socket.socket(family, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.IPPROTO_UDP)
    except PermissionError as error:
        raise MissingRight(f"probing paths needs CAP_NET_RAW: {NET_ADMIN_HINT}") from error
    attach(raw, program)
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
    return raw


class RawSocket4:
    """IPv4.

    :param port: WireGuard's.
    :param seconds: the time, of any steady clock.
    :raises MissingRight: without CAP_NET_RAW.
    """

    def __init__(self, port: int, seconds: Callable[[], float]) -> None:
        self._port = port
        self._sources = Sources(seconds)
        self.socket = _open(socket.AF_INET, probe_filter(port))

    def send(self, payload: bytes, to: Endpoint) -> None:
        """Send.

        :raises OSError: when the kernel refuses.
        """
        try:
            self._send(payload, to, self._sources.of(to))
        except OSError:
            self._sources.forget()  # the address may be gone
            self._send(payload, to, self._sources.of(to))

    def _send(self, payload: bytes, to: Endpoint, source: str) -> None:
        segment = write_segment(payload, Endpoint(source, self._port), to)
        # The checksum covers the source address, so the kernel is told to use that very one.
        info = struct.pack("=i4s4s", 0, socket.inet_aton(source), bytes(4))
        self.socket.sendmsg([segment], [(socket.IPPROTO_IP, IP_PKTINFO, info)], 0, (to.host, 0))

    def receive(self) -> Datagram | None:
        """The next datagram; ``None`` for one that is none.

        :raises OSError: when nothing has come.
        """
        return read_packet(self.socket.recv(LARGEST))


class RawSocket6:
    """IPv6.

    :param port: WireGuard's.
    :raises MissingRight: without CAP_NET_RAW.
    :raises OSError: on a machine without IPv6.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self.socket = _open(socket.AF_INET6, probe_filter6(port))
        self.socket.setsockopt(socket.IPPROTO_IPV6, IPV6_CHECKSUM, CHECKSUM_OFFSET)
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)

    def send(self, payload: bytes, to: Endpoint) -> None:
        """Send; the kernel chooses the source by its routes (RFC 6724) and fills the checksum in.

        :raises OSError: when the kernel refuses.
        """
        self.socket.sendto(write_header(payload, self._port, to.port) + payload, (to.host, 0))

    def receive(self) -> Datagram | None:
        """The next datagram; ``None`` for one that is none.

        :raises OSError: when nothing has come.
        """
        segment, extras, _flags, source = self.socket.recvmsg(LARGEST, socket.CMSG_SPACE(PKTINFO_BYTES))
        local = next((data[:16] for _, kind, data in extras if kind == socket.IPV6_PKTINFO), bytes(16))
        return read_segment(segment, socket.inet_pton(socket.AF_INET6, source[0].partition("%")[0]), local)


class Sources:
    """Remembers :func:`source_for` of each host for :data:`SOURCE_SECONDS`."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._known: dict[str, str] = {}
        self._until = 0.0

    def of(self, to: Endpoint) -> str:
        """The address that this machine sends from.

        :raises OSError: when there is no way to that address.
        """
        if self._seconds() >= self._until or len(self._known) >= SOURCES_LIMIT:
            self._known, self._until = {}, self._seconds() + SOURCE_SECONDS
        source = self._known.get(to.host)
        if source is None:
            source = self._known[to.host] = source_for(to)
        return source

    def forget(self) -> None:
        """Ask the routes anew."""
        self._until = 0.0


def source_for(to: Endpoint) -> str:
    """The IPv4 address that this machine would send from, as its routes tell.

    :raises OSError: when there is no way to that address.
    """
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as asked:
        asked.connect((to.host, to.port))
        source: str = asked.getsockname()[0]
        return source
