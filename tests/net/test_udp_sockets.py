"""This machine's UDP sockets, as the kernel tells of them."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from ipaddress import IPv4Address

import pytest
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.bound_rules import UdpSocket
from lanrage.net.udp_sockets import UdpSockets
from tests.namespaces import Namespace, join

LOOPBACK = IPv4Address("127.0.0.1")


@pytest.mark.needs("root", "ip")
class SocketsTests(SynchronousTestCase):
    """In a namespace with one card."""

    def setUp(self) -> None:
        self.here, far = Namespace(), Namespace()
        self.addCleanup(self.here.close)
        self.addCleanup(far.close)
        join(self.here, "eth0", far, "eth0")
        self.stack = ExitStack()
        self.addCleanup(self.stack.close)
        self.stack.enter_context(self.here.inside())
        self.index = socket.if_nametoindex("eth0")

    def opened(self, family: int, address: str, device: str = "", v6_only: int = 0) -> int:
        """Open a socket; returns its port."""
        made = self.stack.enter_context(socket.socket(family, socket.SOCK_DGRAM))
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, v6_only)
        if device:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
        made.bind((address, 0))
        port: int = made.getsockname()[1]
        return port

    def test_port(self) -> None:
        """Addresses and devices of IPv4 and IPv6 sockets, connected ones too; those of IPv6 alone are left out."""
        cases = [
            ((socket.AF_INET, "127.0.0.1"), [(LOOPBACK, 0)]),
            ((socket.AF_INET, "", "eth0"), [(IPv4Address(0), self.index)]),
            ((socket.AF_INET6, "::ffff:127.0.0.1"), [(LOOPBACK, 0)]),
            ((socket.AF_INET6, "::"), [(IPv4Address(0), 0)]),
            ((socket.AF_INET6, "::", "", 1), []),
            ((socket.AF_INET6, "::1"), []),
        ]
        for how, wanted in cases:
            port = self.opened(*how)  # type: ignore[arg-type]
            rows = [UdpSocket(address, port, device) for address, device in wanted]
            self.assertEqual(UdpSockets().on_port(port), rows)

    def test_device(self) -> None:
        """Only sockets that are bound to it."""
        self.opened(socket.AF_INET, "")
        ports = [self.opened(family, "", "eth0") for family in (socket.AF_INET, socket.AF_INET6)]
        found = UdpSockets().on_device(self.index)
        self.assertEqual([(each.port, each.device) for each in found], [(port, self.index) for port in ports])
        self.assertEqual(UdpSockets().on_device(self.index + 1), [])

    def test_many(self) -> None:
        """More than fit one answer."""
        ports = {self.opened(socket.AF_INET, "", "eth0") for _ in range(600)}
        self.assertEqual({each.port for each in UdpSockets().on_device(self.index)}, ports)
