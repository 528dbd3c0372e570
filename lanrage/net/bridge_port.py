"""A real card as a bridge sees it: broadcasts of its network come in, frames to single devices go out (packet(7)).

Needs CAP_NET_RAW.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from ipaddress import IPv4Address
from pathlib import Path

from twisted.internet.interfaces import IReactorFDSet
from twisted.logger import Logger
from twisted.python.failure import Failure

from lanrage.errors import MissingRight, Unreachable
from lanrage.net import bpf
from lanrage.net.capture import ETH_P_IP, IP_PROTOCOL, LARGEST, RECEIVE_BUFFER
from lanrage.net.devices import NET_ADMIN_HINT
from lanrage.net.socket_reader import SocketReader
from lanrage.wire.arp_table import parse_arp

ARP_TABLE = "/proc/net/arp"
DISCARD = 9
"""UDP port at which an empty datagram asks nothing (RFC 863); before it goes the kernel looks for the MAC."""

log = Logger()


def group_filter() -> list[bpf.Instruction]:
    """Accept IPv4 UDP to a broadcast or multicast MAC; a socket of ``ETH_P_IP`` is shown only what comes in."""
    return [
        (bpf.LOAD_BYTE, 0, 0, IP_PROTOCOL),
        (bpf.JUMP_EQUAL, 1, 0, socket.IPPROTO_UDP),
        bpf.REFUSE,
        (bpf.LOAD_BYTE, 0, 0, 0),
        (bpf.JUMP_ANY_BIT, 1, 0, 1),
        bpf.REFUSE,
        bpf.ACCEPT,
    ]


class BridgePort(SocketReader):
    """One card.

    :param name: the card's.
    :ivar mac: the card's MAC once it is open, 6 bytes.
    """

    prefix = "bridge"

    def __init__(self, reactor: IReactorFDSet, name: str) -> None:
        super().__init__(reactor)
        self.name = name
        self.mac = bytes(6)
        self._receive: Callable[[bytes], None] = lambda frame: None
        self._lost: Callable[[str], None] = lambda why: None

    def open(self, receive: Callable[[bytes], None], lost: Callable[[str], None]) -> None:
        """Begin.

        :param receive: called with each broadcast frame that came in.
        :param lost: called with a sentence when the socket is of no use any more, which one moment of the card's being
            down is enough for (ENETDOWN): it must be closed and another port opened, though the card is up again.
        :raises MissingRight: without CAP_NET_RAW.
        :raises Unreachable: when the card is gone.
        """
        kind = socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
        try:
            packets = socket.socket(socket.AF_PACKET, kind, 0)
        except PermissionError as error:
            raise MissingRight(f"bridging a card needs CAP_NET_RAW: {NET_ADMIN_HINT}") from error
        try:
            bpf.attach(packets, group_filter())
            packets.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
            packets.bind((self.name, ETH_P_IP))
        except OSError as error:
            packets.close()
            raise Unreachable(f"the card {self.name} cannot be used: {error.strerror}") from error
        self.mac = packets.getsockname()[4]
        self._receive, self._lost = receive, lost
        self._watch(packets)

    def send(self, frame: bytes) -> bool:
        """Send a frame; false when the card does not take it."""
        if self._socket is None:
            return False
        try:
            self._socket.send(frame)
        except OSError:
            return False
        return True

    def close(self) -> None:
        """End; one that is closed is no error."""
        self._unwatch()

    def connectionLost(self, reason: Failure) -> None:
        """Twisted: the reactor gives the socket up; what was closed here before is not lost."""
        held = self._socket is not None
        super().connectionLost(reason)
        if held:
            self._lost(f"the card {self.name} went down")

    def _read_one(self, opened: socket.socket) -> None:
        frame = opened.recv(LARGEST)
        try:
            self._receive(frame)
        except Exception:  # pylint: disable=broad-except  # one frame never stops the bridge
            log.failure("a frame on {card} was not dealt with", card=self.name)


def port_free(port: int) -> bool:
    """Whether no program of this machine has the UDP port, on any address."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as trial:
        try:
            trial.bind(("", port))
        except OSError:
            return False
    return True


def find_mac(address: IPv4Address, device: str) -> bytes | None:
    """The MAC of a device, if the kernel knows it by now; otherwise it is asked to find out."""
    for row in parse_arp(Path(ARP_TABLE).read_text(encoding="ascii")):
        if row.address == address and row.device == device:
            return row.mac
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as asking:
        try:
            asking.sendto(b"", (str(address), DISCARD))
        except OSError:
            return None
    return None
