"""The tunnel device as guests use it: it forwards, what they send to all is seen there, and packets go to them by it.

Open only while guests are served (``docs/guests.rst``).
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from ipaddress import IPv4Address

from twisted.internet.interfaces import IReactorFDSet

from lanrage.core.lan_frames import LIMITED_BROADCAST
from lanrage.core.links import TUNNEL_MTU
from lanrage.errors import MissingRight
from lanrage.net import bpf
from lanrage.net.devices import NET_ADMIN_HINT
from lanrage.net.socket_reader import SocketReader
from lanrage.net.sysctl import set_device
from lanrage.wire.fragments import cut_ipv4

ETH_P_IP = 0x0800
"""<linux/if_ether.h>"""
LARGEST = 65_535
"""Bytes of an IPv4 packet."""
RECEIVE_BUFFER = 1 << 18
"""Bytes; what guests send in a second of a stalled reactor. What is more is dropped by the kernel."""
IP_PROTOCOL, IP_SOURCE, IP_DESTINATION = 9, 12, 16
MULTICAST_MASK, MULTICAST = 0xF0000000, 0xE0000000


def guest_filter(guests: frozenset[IPv4Address], broadcast: IPv4Address) -> list[bpf.Instruction]:
    """Accept UDP that came from one of these sources for all; the packet begins at its IP header.

    :param broadcast: the party's broadcast address.
    """
    sources = [(bpf.JUMP_EQUAL, len(guests) - 1 - n, 0, int(guest)) for n, guest in enumerate(sorted(guests))]
    return [
        (bpf.LOAD_WORD, 0, 0, bpf.PACKET_TYPE),
        (bpf.JUMP_EQUAL, 0, 1, socket.PACKET_OUTGOING),
        bpf.REFUSE,
        (bpf.LOAD_BYTE, 0, 0, IP_PROTOCOL),
        (bpf.JUMP_EQUAL, 1, 0, socket.IPPROTO_UDP),
        bpf.REFUSE,
        (bpf.LOAD_WORD, 0, 0, IP_SOURCE),
        *((code, true + 1, false, value) for code, true, false, value in sources),
        bpf.REFUSE,
        (bpf.LOAD_WORD, 0, 0, IP_DESTINATION),
        (bpf.JUMP_EQUAL, 3, 0, int(LIMITED_BROADCAST)),
        (bpf.JUMP_EQUAL, 2, 0, int(broadcast)),
        (bpf.AND, 0, 0, MULTICAST_MASK),
        (bpf.JUMP_EQUAL, 0, 1, MULTICAST),
        bpf.ACCEPT,
        bpf.REFUSE,
    ]


class GuestPort(SocketReader):
    """From :meth:`open` to :meth:`close`. All calls take microseconds.

    :param tunnel: name of the WireGuard device.
    """

    prefix = "guests"

    def __init__(self, reactor: IReactorFDSet, tunnel: str) -> None:
        super().__init__(reactor)
        self._tunnel = tunnel
        self._raw: socket.socket | None = None
        self._cut = 0
        self._receive: Callable[[bytes], None] = lambda packet: None

    @property
    def is_open(self) -> bool:
        """Guests are served."""
        return self._raw is not None

    def open(self, receive: Callable[[bytes], None]) -> None:
        """Let the tunnel device forward, and see what guests send; nothing is seen before :meth:`hear`.

        :param receive: called with each IPv4 packet that a guest sent to all.
        :raises MissingRight: without CAP_NET_RAW, or where the device may not be set.
        """
        try:
            packets = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK, 0)
            self._watch(packets)
            self._raw = socket.socket(
                socket.AF_INET, socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, socket.IPPROTO_RAW
            )
        except PermissionError as error:
            self.close()
            raise MissingRight(f"serving guests needs CAP_NET_RAW: {NET_ADMIN_HINT}") from error
        packets.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        self._receive = receive
        try:
            set_device("ipv4", self._tunnel, "forwarding", "1")
        except MissingRight:
            self.close()
            raise

    def hear(self, guests: frozenset[IPv4Address], broadcast: IPv4Address) -> None:
        """See what these guests send to all, and no others.

        :raises OSError: when the tunnel device is gone.
        """
        if self._socket is not None:
            bpf.attach(self._socket, guest_filter(guests, broadcast) if guests else [bpf.REFUSE])
            self._socket.bind((self._tunnel, ETH_P_IP))

    def send(self, packet: bytes, guest: IPv4Address) -> bool:
        """Send a whole IPv4 packet into the tunnel, whatever its source is; false where the kernel did not take it.

        A larger one than the tunnel takes goes in fragments.
        """
        if self._raw is None:
            return False
        if len(packet) > TUNNEL_MTU:
            self._cut = self._cut % 0xFFFF + 1
        try:
            for piece in cut_ipv4(packet, TUNNEL_MTU, self._cut):
                self._raw.sendto(piece, (str(guest), 0))
        except OSError:  # no endpoint yet, or the device is gone: lost, as on a LAN
            return False
        return True

    def close(self) -> None:
        """End, and let the device forward no more; one that is closed is no error."""
        raw, self._raw = self._raw, None
        self._unwatch()
        if raw is not None:
            raw.close()
            with contextlib.suppress(MissingRight):
                set_device("ipv4", self._tunnel, "forwarding", "0")

    def _read_one(self, opened: socket.socket) -> None:
        packet = opened.recv(LARGEST)
        try:
            self._receive(packet)
        except Exception:  # pylint: disable=broad-exception-caught  # one packet never stops the rest
            self.log.failure("a guest's packet was not dealt with")
