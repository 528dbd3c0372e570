"""Packets of the tunnel beside its sockets; what games see of it is in ``tests/app/test_lan_sockets_real.py``."""

from __future__ import annotations

import errno
import socket
from ipaddress import IPv4Address

import pytest
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from lanrage.errors import Unreachable
from lanrage.net.tunnel_side import TunnelSide
from lanrage.wire.packets import write_ipv4
from tests.namespaces import Namespace, join, may_unshare
from tests.real_links import RealNamespace
from tests.strategies_lan import ME, PEER, udp

UDP_SEGMENT = 103
"""<linux/udp.h>"""


@pytest.mark.skipif(not may_unshare(), reason="needs root and /dev/net/tun")
class TestSide(TestCase):
    """A cable in the tunnel's place."""

    timeout = 120

    def setUp(self) -> None:
        """Two members."""
        from twisted.internet import reactor

        self.world = RealNamespace(reactor)
        self.addCleanup(self.world.leave)
        self.far = Namespace()
        self.addCleanup(self.far.close)
        join(self.world.namespace, "wg0", self.far, "wg0")
        self.world.namespace.run(f"ip addr add {ME}/24 dev wg0")
        self.far.run(f"ip addr add {PEER}/24 dev wg0; ip addr add 10.66.0.9/24 dev wg0")
        self.heard: list[tuple[int, bytes]] = []
        self.side = TunnelSide(self.world.reactor, "wg0", ME)
        self.addCleanup(self.side.close)
        self.side.open(lambda packet: self.heard.append((int.from_bytes(packet[22:24], "big"), packet[28:])))

    def send(self, payload: bytes, port: int, to: str = str(ME)) -> None:
        """The far member sends."""
        with self.far.inside(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as game:
            game.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            game.sendto(payload, (to, port))

    async def until(self, count: int) -> None:
        """Wait for so many."""
        while len(self.heard) < count:
            await deferLater(self.world.reactor, 0.01)

    async def test_hears(self) -> None:
        """Whole datagrams for the asked ports and this address alone, parts of one joined."""
        self.side.listen([6000, 6001])
        self.send(b"other port", 6002)
        self.send(b"to all", 6000, "10.66.0.255")
        self.send(b"one", 6000)
        self.send(b"2" * 4000, 6001)
        self.send(b"three", 6000)
        await self.until(3)
        self.assertEqual(self.heard, [(6000, b"one"), (6001, b"2" * 4000), (6000, b"three")])

    async def test_merged(self) -> None:
        """Datagrams that the kernel carries in one piece are heard one by one."""
        self.side.listen([6000])
        with self.far.inside(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as game:
            game.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, 100)
            game.sendto(b"a" * 100 + b"b" * 100 + b"c" * 50, (str(ME), 6000))
        await self.until(3)
        self.assertEqual([payload for _, payload in self.heard], [b"a" * 100, b"b" * 100, b"c" * 50])

    async def test_other_ports(self) -> None:
        """Ports change without a loss of what came before; none closes the ear."""
        self.side.listen([6000])
        self.send(b"before", 6000)
        self.side.listen([6001])
        self.send(b"too late", 6000)
        self.send(b"after", 6001)
        await self.until(2)
        self.assertEqual(self.heard, [(6000, b"before"), (6001, b"after")])
        self.side.listen([])
        self.assertEqual(self.side.fileno(), -1)
        self.send(b"deaf", 6001)
        await deferLater(self.world.reactor, 0)
        self.assertEqual(len(self.heard), 2)

    async def test_sends(self) -> None:
        """A packet leaves with its header as it is; a refusal is an error number."""
        with self.far.inside(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as game:
            game.bind((str(PEER), 6000))
            game.settimeout(10)
            self.assertEqual(self.side.send(write_ipv4(udp(ME, PEER, 5555, 6000, b"by hand")), PEER), 0)
            self.assertEqual(game.recvfrom(100), (b"by hand", (str(ME), 5555)))
        self.assertEqual(self.side.send(bytes(3000), PEER), errno.EMSGSIZE)
        self.side.close()
        self.side.close()
        self.assertEqual(self.side.send(b"", PEER), errno.ENOTCONN)

    async def test_bug(self) -> None:
        """A packet that breaks what it is for is logged, and the next one is heard."""

        def heard(packet: bytes) -> None:
            self.heard.append((0, packet[28:]))
            raise ZeroDivisionError

        self.side.close()
        self.side.open(heard)
        self.side.listen([6000])
        self.send(b"one", 6000)
        self.send(b"two", 6000)
        await self.until(2)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 2)

    async def test_closed(self) -> None:
        """Who listens after the end opens nothing."""
        self.side.listen([6000])
        self.side.close()
        self.side.listen([6000])
        self.assertEqual(self.side.fileno(), -1)
        self.assertNotIn(self.side, self.world.reactor.getReaders())

    async def test_gone(self) -> None:
        """Without its device it says so."""
        lost = TunnelSide(self.world.reactor, "wg1", IPv4Address("10.66.0.7"))
        with self.assertRaises(Unreachable):
            lost.open(lambda packet: None)
        self.world.namespace.run("ip link del wg0")
        with self.assertRaises(Unreachable):
            self.side.listen([6000])
        self.assertEqual((lost.fileno(), self.side.fileno()), (-1, -1))
