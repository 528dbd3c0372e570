"""Listening sockets as games open them, in a host's namespace: for broadcasts, a multicast group and IPX."""

from __future__ import annotations

import select
import socket
import time
from collections import Counter
from collections.abc import Iterable

import attrs

from lanrage.lab.netns import entered

BROADCAST_PORT = 6000
GROUP, GROUP_PORT = "224.0.2.60", 4445
"""Minecraft's announcements to the LAN."""
ETHERTYPE_IPX = 0x8137
CARD = "lanrage0"

IP_MULTICAST_ALL = 49
"""``<linux/in.h>``; Python's socket module has no name for it."""


@attrs.frozen
class Heard:
    """One datagram or frame that a socket received.

    :param host: the listening host's name.
    :param listener: which of its sockets.
    :param source: IPv4 address, or the MAC address of a frame.
    """

    host: str
    listener: str
    payload: bytes
    source: str


@attrs.define
class Listeners:
    """All sockets of all hosts, read from one thread."""

    sockets: dict[socket.socket, tuple[str, str]] = attrs.field(factory=dict)

    def add_host(self, host: str, netns: str, address: str) -> None:
        """Open the sockets of one host."""
        with entered(netns):
            for number in (1, 2):
                self._add(host, f"any-{number}", _udp(BROADCAST_PORT))
            for place, interface in (("any", "0.0.0.0"), ("card", address)):
                for every in (0, 1):
                    self._add(host, f"group-{place}-all{every}", _member(interface, every))
            self._add(host, "ipx", _ipx())

    def of(self, host: str, prefix: str) -> list[str]:
        """Names of a host's sockets that begin so."""
        return [name for owner, name in self.sockets.values() if owner == host and name.startswith(prefix)]

    def collect(self, seconds: float, wanted: int | None = None) -> list[Heard]:
        """What is heard in this time, or until so many were heard."""
        heard: list[Heard] = []
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0 and (wanted is None or len(heard) < wanted):
            for ready in select.select(list(self.sockets), [], [], left)[0]:
                heard.append(self._read(ready))
        return heard

    def close(self) -> None:
        """Close all."""
        for each in self.sockets:
            each.close()
        self.sockets.clear()

    def _add(self, host: str, name: str, made: socket.socket) -> None:
        made.setblocking(False)
        self.sockets[made] = (host, name)

    def _read(self, ready: socket.socket) -> Heard:
        data, source = ready.recvfrom(65_536)
        host, name = self.sockets[ready]
        if ready.family == socket.AF_PACKET:
            return Heard(host, name, data[14:], data[6:12].hex(":"))
        return Heard(host, name, data, source[0])


def tally(heard: Iterable[Heard]) -> Counter[tuple[str, str, bytes, str]]:
    """How often each socket heard each payload from each source."""
    return Counter((h.host, h.listener, h.payload.rstrip(b"\0"), h.source) for h in heard)


def _udp(port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(("", port))
    return made


def _member(interface: str, every: int) -> socket.socket:
    made = _udp(GROUP_PORT)
    made.setsockopt(socket.IPPROTO_IP, IP_MULTICAST_ALL, every)
    request = socket.inet_aton(GROUP) + socket.inet_aton(interface)
    made.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, request)
    return made


def _ipx() -> socket.socket:
    made = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETHERTYPE_IPX))
    made.bind((CARD, ETHERTYPE_IPX))
    return made
