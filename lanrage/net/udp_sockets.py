"""This machine's UDP sockets, asked of the kernel by sock_diag(7); needs no right. A question takes microseconds."""

from __future__ import annotations

import socket

from lanrage.core.bound_rules import UdpSocket
from lanrage.errors import DecodeError, Unreachable
from lanrage.wire.sock_diag import FAMILIES, ask, read_found

NETLINK_SOCK_DIAG = 4
"""<linux/netlink.h>"""

LARGEST = 1 << 16
"""Bytes; the kernel's answers come in datagrams of at most 32 KiB."""

TIMEOUT = 1.0
"""Seconds; the kernel has answered when the question returns."""


class UdpSockets:
    """Asks each question by a netlink socket of its own."""

    def on_port(self, port: int) -> list[UdpSocket]:
        """The sockets that hear IPv4 on a port.

        :raises Unreachable: where the kernel has no answer (built without CONFIG_INET_UDP_DIAG).
        """
        return self._ask(port, 0)

    def on_device(self, index: int) -> list[UdpSocket]:
        """The sockets that are bound to the device with this interface index (``SO_BINDTODEVICE``).

        :raises Unreachable: as :meth:`on_port`.
        """
        return self._ask(0, index)

    def _ask(self, port: int, device: int) -> list[UdpSocket]:
        found: list[UdpSocket] = []
        try:
            with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETLINK_SOCK_DIAG) as asker:
                asker.settimeout(TIMEOUT)
                for family in FAMILIES:
                    asker.send(ask(family, port, device))
                    done = False
                    while not done:
                        answer = read_found(asker.recv(LARGEST))
                        found += answer.sockets
                        done = answer.done
        except (OSError, DecodeError) as error:
            raise Unreachable(f"the kernel does not tell about UDP sockets: {error}") from error
        return found
