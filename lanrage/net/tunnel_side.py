"""Whole IPv4 packets of the tunnel device, read and written beside its sockets (``docs/protocol-lan.rst``).

What comes by the tunnel never matches a socket that is bound to the LAN card. So datagrams to such a socket's port are
read here, as a copy; and what such a socket sends to a member is sent on from here.
"""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Callable, Collection
from ipaddress import IPv4Address

from twisted.internet.interfaces import IReactorFDSet
from twisted.logger import Logger

from lanrage.core.bound_rules import UDP
from lanrage.errors import MissingRight, Unreachable
from lanrage.net import bpf
from lanrage.net.devices import NET_ADMIN_HINT
from lanrage.net.socket_reader import SocketReader
from lanrage.wire.merged import unmerged

log = Logger()

ETH_P_IP = 0x0800

LARGEST = 65536 + 64
RECEIVE_BUFFER = 1 << 19
"""Bytes; what a game gets in a second of a stalled reactor."""

SOL_PACKET, PACKET_FANOUT = 263, 18
DEFRAGMENT, OWN_GROUP = 0x80000000, 0x20000000
"""packet(7): for a fanout group the kernel joins split datagrams first; ours is a group of one socket."""

PACKET_VNET_HDR = 15
"""packet(7): each packet comes with what the card's offloads have left of it: datagrams that were merged, above all."""

IPV4 = 0xFFF00000
"""``SKF_NET_OFF``: offsets from here on count from the IPv4 header (<linux/filter.h>)."""

PROTOCOL_AT, DESTINATION_AT, FRAGMENT_AT = IPV4 + 9, IPV4 + 16, IPV4 + 6
DESTINATION_PORT_AT = IPV4 + 2
"""The last one behind the header's length."""

ARPHRD_ETHER, ETHERNET_BYTES = 1, 14

FRAGMENT_BITS = 0x3FFF


def port_filter(address: IPv4Address, ports: Collection[int]) -> list[bpf.Instruction]:
    """Accept whole UDP datagrams for this machine's party address and one of these ports."""
    program: list[bpf.Instruction] = [
        (bpf.LOAD_WORD, 0, 0, bpf.PACKET_TYPE),
        (bpf.JUMP_EQUAL, 1, 0, socket.PACKET_HOST),
        bpf.REFUSE,
        (bpf.LOAD_BYTE, 0, 0, PROTOCOL_AT),
        (bpf.JUMP_EQUAL, 1, 0, UDP),
        bpf.REFUSE,
        (bpf.LOAD_WORD, 0, 0, DESTINATION_AT),
        (bpf.JUMP_EQUAL, 1, 0, int(address)),
        bpf.REFUSE,
        (bpf.LOAD_HALF, 0, 0, FRAGMENT_AT),
        (bpf.JUMP_ANY_BIT, 0, 1, FRAGMENT_BITS),
        bpf.REFUSE,
        (bpf.HEADER_LENGTH_X, 0, 0, IPV4),
        (bpf.LOAD_HALF_X, 0, 0, DESTINATION_PORT_AT),
    ]
    for port in sorted(ports):
        program += [(bpf.JUMP_EQUAL, 0, 1, port), bpf.ACCEPT]
    return [*program, bpf.REFUSE]


class TunnelSide(SocketReader):
    """Two packet sockets on the tunnel device: one listens while there are ports to listen for, one sends.

    :param device: the tunnel's name.
    :param address: this member's party address.
    """

    prefix = "tunnel side"

    def __init__(self, reactor: IReactorFDSet, device: str, address: IPv4Address) -> None:
        super().__init__(reactor)
        self._device, self._address = device, address
        self._sender: socket.socket | None = None
        self._heard: Callable[[bytes], None] = lambda packet: None

    def open(self, heard: Callable[[bytes], None]) -> None:
        """Be ready to send.

        :param heard: called with each packet that :meth:`listen` asks for.
        :raises MissingRight: without CAP_NET_RAW.
        """
        self._heard = heard
        sender = self._opened(socket.AF_INET, socket.IPPROTO_RAW)
        try:
            sender.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, self._device.encode())
        except OSError as error:
            sender.close()
            raise Unreachable(f"the tunnel device {self._device} is not there") from error
        self._sender = sender

    def send(self, packet: bytes, to: IPv4Address) -> int:
        """Send a packet with its header by the tunnel.

        :return: 0, or the error number with which the kernel refused it.
        """
        if self._sender is None:
            return errno.ENOTCONN
        try:
            self._sender.sendto(packet, (str(to), 0))
        except OSError as error:
            return error.errno or errno.EIO
        return 0

    def listen(self, ports: Collection[int]) -> None:
        """Hear datagrams that come by the tunnel for these ports from now on, and no others; none while it is closed.

        :raises MissingRight: without CAP_NET_RAW.
        :raises Unreachable: when the tunnel device is not there.
        """
        if not ports or self._sender is None:
            self._unwatch()
            return
        program = port_filter(self._address, ports)
        if self._socket is not None:
            bpf.replace(self._socket, program)
            return
        listener = self._opened(socket.AF_PACKET, 0)
        try:
            bpf.attach(listener, program)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
            listener.bind((self._device, ETH_P_IP))
            listener.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
            listener.setsockopt(SOL_PACKET, PACKET_FANOUT, struct.pack("=I", DEFRAGMENT | OWN_GROUP))
        except OSError as error:
            listener.close()
            raise Unreachable(f"the tunnel device {self._device} cannot be listened to: {error}") from error
        self._watch(listener)

    def close(self) -> None:
        """Close both; what is closed is no error."""
        self._unwatch()
        sender, self._sender = self._sender, None
        if sender is not None:
            sender.close()

    def _read_one(self, opened: socket.socket) -> None:
        data, address = opened.recvfrom(LARGEST)
        header = ETHERNET_BYTES if address[3] == ARPHRD_ETHER else 0
        try:
            for packet in unmerged(data, header):
                self._heard(packet)
        except Exception:  # pylint: disable=broad-exception-caught  # one packet never stops the others
            log.failure("a packet of the tunnel was not dealt with")

    @staticmethod
    def _opened(family: int, protocol: int) -> socket.socket:
        try:
            return socket.socket(family, socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, protocol)
        except PermissionError as error:
            raise MissingRight(f"sockets on the LAN card need CAP_NET_RAW: {NET_ADMIN_HINT}") from error
