"""Broadcasts that games send on real cards, seen by an ``AF_PACKET`` socket (docs/links.rst).

Only datagrams that this machine sends are shown (not what the LAN brings), of all Ethernet cards but our own and
loopback. Their checksums may be unfinished: the card would have done it.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Collection

from twisted.internet.interfaces import IReactorFDSet
from twisted.logger import Logger

from lanrage.core.frame_rules import NEIGHBOUR_PORT
from lanrage.errors import MissingRight
from lanrage.net import bpf
from lanrage.net.devices import NET_ADMIN_HINT
from lanrage.net.socket_reader import SocketReader
from lanrage.wire.packets import FRAGMENT_BITS

log = Logger()

ETH_P_ALL, ETH_P_IP, ETH_P_IPV6, ARPHRD_ETHER = 0x0003, 0x0800, 0x86DD, 1
"""<linux/if_ether.h>, <linux/if_arp.h>. Outgoing frames are shown to sockets of ``ETH_P_ALL`` alone."""

BATCH = 64
"""Frames read before other readers get their turn."""

LARGEST = 65550
"""Bytes; no Ethernet frame with an IPv4 packet is longer."""

RECEIVE_BUFFER = 1 << 19
"""Bytes; what games send in a second of a stalled reactor."""

ETHERNET = 14
IP_LIFETIME, IP_PROTOCOL = ETHERNET + 8, ETHERNET + 9
IP_FRAGMENT, UDP_PORTS = ETHERNET + 6, ETHERNET + 20
IPV6_NEXT, IPV6_HOPS = ETHERNET + 6, ETHERNET + 7
IPV6_FRAGMENT = 44


Check = tuple[bpf.Instruction, int, bool]
"""What is loaded, the value it is compared with, and whether it must be equal."""


def capture_filter(excluded: Collection[int]) -> list[bpf.Instruction]:
    """Accept frames that this machine sends on Ethernet cards: UDP to a broadcast or multicast MAC.

    Of IPv6 a fragment too, whose protocol stands deeper inside. A lifetime of 0 never leaves the machine: those are our
    own, for sockets that listen on that card; and so are the questions to neighbours.

    :param excluded: indices of the cards to leave out.
    """
    common = _all_of(
        [
            ((bpf.LOAD_WORD, 0, 0, bpf.PACKET_TYPE), socket.PACKET_OUTGOING, True),
            ((bpf.LOAD_WORD, 0, 0, bpf.HARDWARE_TYPE), ARPHRD_ETHER, True),
            *(((bpf.LOAD_WORD, 0, 0, bpf.INTERFACE), index, False) for index in sorted(excluded)),
        ]
    )
    group = [(bpf.LOAD_BYTE, 0, 0, 0), (bpf.JUMP_ANY_BIT, 1, 0, 1), bpf.REFUSE]
    six = [
        *_all_of([((bpf.LOAD_HALF, 0, 0, 12), ETH_P_IPV6, True), ((bpf.LOAD_BYTE, 0, 0, IPV6_HOPS), 0, False)]),
        (bpf.LOAD_BYTE, 0, 0, IPV6_NEXT),
        (bpf.JUMP_EQUAL, 2, 0, socket.IPPROTO_UDP),
        (bpf.JUMP_EQUAL, 1, 0, IPV6_FRAGMENT),
        bpf.REFUSE,
        bpf.ACCEPT,
    ]
    four = [
        *_all_of(
            [
                ((bpf.LOAD_BYTE, 0, 0, IP_PROTOCOL), socket.IPPROTO_UDP, True),
                ((bpf.LOAD_BYTE, 0, 0, IP_LIFETIME), 0, False),
            ]
        ),
        (bpf.LOAD_HALF, 0, 0, IP_FRAGMENT),
        (bpf.JUMP_ANY_BIT, 3, 0, FRAGMENT_BITS),
        (bpf.LOAD_WORD, 0, 0, UDP_PORTS),
        (bpf.JUMP_EQUAL, 0, 1, NEIGHBOUR_PORT << 16 | NEIGHBOUR_PORT),
        bpf.REFUSE,
        bpf.ACCEPT,
    ]
    family = [(bpf.LOAD_HALF, 0, 0, 12), (bpf.JUMP_EQUAL, 0, len(four), ETH_P_IP)]
    return [*common, *group, *family, *four, *six]


def _all_of(checks: Collection[Check]) -> list[bpf.Instruction]:
    """Refuse what fails one of these, and go on with the rest."""
    program: list[bpf.Instruction] = []
    for load, value, wanted in checks:
        # A false answer falls on the refusal that follows each check; a true one skips it.
        program += [load, (bpf.JUMP_EQUAL, int(wanted), int(not wanted), value), bpf.REFUSE]
    return program


class Capture(SocketReader):
    """Sees what this machine sends on its real cards, those that come later too.

    :param own_devices: names of the devices to leave out: the LAN card (a tunnel is no Ethernet card anyway).
    """

    prefix = "capture"

    def __init__(self, reactor: IReactorFDSet, own_devices: Collection[str] = ("lanrage0",)) -> None:
        super().__init__(reactor)
        self._own_devices = own_devices
        self._receive: Callable[[int, bytes], None] = lambda index, frame: None

    def open(self, receive: Callable[[int, bytes], None]) -> None:
        """Begin; our own devices are there already.

        :param receive: called with the interface's index and the Ethernet frame.
        :raises MissingRight: without CAP_NET_RAW.
        """
        kind = socket.SOCK_RAW | socket.SOCK_NONBLOCK
        try:
            packets = socket.socket(socket.AF_PACKET, kind, socket.htons(ETH_P_ALL))
        except PermissionError as error:
            raise MissingRight(f"seeing games' broadcasts needs CAP_NET_RAW: {NET_ADMIN_HINT}") from error
        own = {index for index, name in socket.if_nameindex() if name in self._own_devices or name == "lo"}
        bpf.attach(packets, capture_filter(own))
        packets.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        self._receive = receive
        self._watch(packets)

    def close(self) -> None:
        """End; one that is closed is no error."""
        self._unwatch()

    def _read_one(self, opened: socket.socket) -> None:
        frame, address = opened.recvfrom(LARGEST)
        try:
            index = socket.if_nametoindex(address[0])
        except OSError:  # the card went away after it sent this
            return
        try:
            self._receive(index, frame)
        except Exception:  # pylint: disable=broad-exception-caught  # one frame never stops the capture
            log.failure("a frame of {card} was not dealt with", card=address[0])
