"""The bench of real devices: one network namespace of our own a test, left with all that was made in it."""

from __future__ import annotations

import os
import select
import socket
import struct
from collections.abc import Callable
from ipaddress import IPv4Address
from typing import Any, cast

from twisted.python.threadpool import ThreadPool

from lanrage.interfaces import ITunnel
from lanrage.net.threads import INetReactor, in_thread
from tests.namespaces import Namespace, enter, here

ETH_P_IP = 0x0800
ARRIVES_S = float(os.environ.get("LANRAGE_TEST_PATIENCE", "1")) * 3.0
"""A packet that comes at all comes within milliseconds; emulated machines get a factor by the environment."""
LOST_S = ARRIVES_S / 6
"""How long a packet that must not come is awaited."""


class OwnThreads:
    """The reactor, with threads of its own: those started in a namespace stay in it."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._pool = ThreadPool(0, 4, "namespace")
        self._pool.start()

    def getThreadPool(self) -> ThreadPool:
        """The threads of this test."""
        return self._pool

    def stop(self) -> None:
        """End the threads."""
        self._pool.stop()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)


def ip_packet(source: IPv4Address, to: IPv4Address) -> bytes:
    """An IPv4 UDP packet of 8 bytes of payload, whole but for the UDP checksum, which may be 0."""
    body = struct.pack("!HHHH", 7000, 7000, 16, 0) + b"through!"
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(body), 1, 0, 64, 17, 0, source.packed, to.packed)
    total = sum(struct.unpack("!10H", head))
    total = (total & 0xFFFF) + (total >> 16)
    return head[:10] + struct.pack("!H", ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF) + head[12:] + body


class RealNamespace:
    """Enters a namespace of its own on the way in, and leaves it on the way out."""

    def __init__(self, reactor: Any) -> None:
        self.namespace = Namespace()
        self._before = here()
        enter(self.namespace.descriptor)
        self.reactor = cast(INetReactor, OwnThreads(reactor))

    def leave(self) -> None:
        """Go back; the namespace vanishes with what is in it."""
        cast(OwnThreads, self.reactor).stop()
        enter(self._before)
        os.close(self._before)
        self.namespace.close()


class RealBench(RealNamespace):
    """Real tunnels in a namespace; all are destroyed on the way out."""

    def __init__(self, reactor: Any, make: Callable[[INetReactor, str], ITunnel]) -> None:
        super().__init__(reactor)
        self._make = make
        self._tunnels: list[ITunnel] = []
        self._sockets: list[socket.socket] = []

    async def close(self) -> None:
        """End what the test made, and go back."""
        for sock in self._sockets:
            sock.close()
        try:
            for tunnel in self._tunnels:
                await tunnel.destroy()
        finally:
            self.leave()

    def tunnel(self, name: str) -> ITunnel:
        """See :class:`tests.contracts_links.TunnelBench`."""
        self._tunnels.append(self._make(self.reactor, name))
        return self._tunnels[-1]

    async def carry(
        self, sender: ITunnel, receiver: ITunnel, source: IPv4Address, to: IPv4Address, lost: bool = False
    ) -> bool:
        """See :class:`tests.contracts_links.TunnelBench`."""
        packet = ip_packet(source, to)
        with (
            socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0) as way_in,
            socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IP)) as way_out,
        ):
            way_out.bind((receiver.name, ETH_P_IP))
            way_in.sendto(packet, (sender.name, ETH_P_IP))
            return await in_thread(self.reactor, _arrives, way_out, packet, LOST_S if lost else ARRIVES_S)

    def take_port(self, port: int) -> None:
        """See :class:`tests.contracts_links.TunnelBench`."""
        self._sockets.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        self._sockets[-1].bind(("0.0.0.0", port))

    def take_name(self, name: str) -> None:
        """See :class:`tests.contracts_links.TunnelBench`."""
        self.namespace.run(f"ip link add {name} type bridge")

    def has_device(self, name: str) -> bool:
        """See :class:`tests.contracts_links.TunnelBench`."""
        return name in [device for _, device in socket.if_nameindex()]

    def mtu(self, name: str) -> int:
        """See :class:`tests.contracts_links.TunnelBench`."""
        return int(self.namespace.run(f"ip -o link show {name}").partition(" mtu ")[2].split()[0])


def _arrives(way_out: socket.socket, packet: bytes, seconds: float) -> bool:
    while select.select([way_out], [], [], seconds)[0]:
        received, address = way_out.recvfrom(2048)
        if received == packet and address[2] != socket.PACKET_OUTGOING:
            return True
    return False
