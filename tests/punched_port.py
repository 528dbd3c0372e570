"""WireGuard sends from another port than its own: what every kind of it must pass beside the rewriting table."""

from __future__ import annotations

import socket
from collections.abc import Callable
from ipaddress import IPv4Address

from twisted.internet.task import deferLater

from lanrage.core.links import Endpoint, TunnelPeer
from lanrage.interfaces import ITunnel
from lanrage.net.punch_table import PunchTable
from lanrage.net.threads import INetReactor
from lanrage.wire.uapi import public_of
from tests.contracts_links import MTU, PORT_A, PORT_B, new_key, only
from tests.real_links import RealBench

HERE, THERE = IPv4Address("10.66.0.1"), IPv4Address("10.66.0.2")


class PunchedPort:
    """Two tunnels on one loopback, the first with a way through another port: a mixin for test cases."""

    make: Callable[[INetReactor, str], ITunnel]
    addCleanup: Callable[..., None]

    def setUp(self) -> None:
        """A namespace of our own."""
        from twisted.internet import reactor

        self.bench = RealBench(reactor, type(self).make)
        self.addCleanup(self.bench.close)

    async def test_way(self) -> None:
        """The handshake comes from the punched port, which the other end answers; payload passes both ways."""
        keys = new_key(), new_key()
        here, there = self.bench.tunnel("lrt-a"), self.bench.tunnel("lrt-b")
        await here.create(keys[0], PORT_A, MTU)
        await there.create(keys[1], PORT_B, MTU)
        kept = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(kept.close)
        kept.bind(("0.0.0.0", 0))
        local, way = kept.getsockname()[1], Endpoint("127.0.0.1", PORT_B)
        table = PunchTable(self.bench.reactor, "lrt-a")
        await table.add(way, local, PORT_A)
        await there.set_peer(TunnelPeer(public_of(keys[0]), only(HERE)))
        await here.set_peer(TunnelPeer(public_of(keys[1]), only(THERE), way, 1))
        seen = None
        while seen is None:
            await deferLater(self.bench.reactor, 0.02)
            seen = (await there.status()).peers[public_of(keys[0])].endpoint
        assert seen == Endpoint("127.0.0.1", local)
        assert await self.bench.carry(here, there, HERE, THERE)
        assert await self.bench.carry(there, here, THERE, HERE)
        assert (await here.status()).peers[public_of(keys[1])].endpoint == way
        await table.close()
