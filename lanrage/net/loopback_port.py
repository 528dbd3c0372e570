"""A UDP port on this machine's loopback that stands for a peer: WireGuard sends to it, and hears from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.error import MessageLengthError
from twisted.internet.interfaces import IListeningPort
from twisted.internet.protocol import DatagramProtocol

from lanrage.core.links import Endpoint

LOOPBACK = "127.0.0.1"
LARGEST = 65535
"""Bytes; no datagram is longer, so none is cut."""


class LoopbackPort(DatagramProtocol):
    """One port, open from its making to :meth:`close`.

    Any program of this machine can send here; WireGuard's port alone is heard.

    :param wireguard: WireGuard's port.
    :param heard: called with what WireGuard, or a probe from its port, sends.
    :ivar foreign: datagrams of others.
    :ivar unsent: datagrams that the kernel did not take.
    :raises CannotListenError: there is no port left.
    """

    noisy = False

    def __init__(self, reactor: Any, wireguard: int, heard: Callable[[bytes], None]) -> None:
        self.foreign = self.unsent = 0
        self._wireguard, self._heard = (LOOPBACK, wireguard), heard
        self._port: IListeningPort | None = reactor.listenUDP(0, self, LOOPBACK, maxPacketSize=LARGEST)
        self.endpoint = Endpoint(LOOPBACK, self._port.getHost().port)

    def datagramReceived(self, datagram: bytes, addr: tuple[str, int]) -> None:
        """One datagram from a program of this machine."""
        if tuple(addr) == self._wireguard:
            self._heard(datagram)
        else:
            self.foreign += 1

    def deliver(self, datagram: bytes) -> None:
        """Send to WireGuard's port, from this one."""
        try:
            if self._port is not None:
                self._port.write(datagram, self._wireguard)  # type: ignore[attr-defined]
        except (OSError, MessageLengthError):
            self.unsent += 1

    def close(self) -> None:
        """Give the port back."""
        port, self._port = self._port, None
        if port is not None:
            port.stopListening()
