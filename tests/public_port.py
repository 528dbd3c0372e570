"""Probe and handshake leave by one public port: what every kind of WireGuard must pass beside the probe port."""

from __future__ import annotations

import socket
from collections.abc import Callable
from ipaddress import IPv4Address
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from lanrage.core.links import Endpoint, TunnelPeer
from lanrage.interfaces import ITunnel
from lanrage.net.rawport import RawProbePort
from lanrage.net.threads import INetReactor
from lanrage.wire.uapi import public_of
from tests.contracts_links import MTU, PORT_A, new_key, only
from tests.namespaces import Namespace, enter, join
from tests.real_links import RealBench

STUN = b"\x01\x01\x00\x00\x21\x12\xa4\x42" + bytes(12)
"""The beginning of a binding response."""


class OnePublicPort:
    """A host with WireGuard behind a router that gives every flow another port: a mixin for test cases."""

    make: Callable[[INetReactor, str], ITunnel]
    addCleanup: Callable[..., None]

    def setUp(self) -> None:
        """Host, router, and a public side at 203.0.113.10."""
        from twisted.internet import reactor

        self.bench = RealBench(reactor, type(self).make)
        self.addCleanup(self.bench.close)
        self.router, self.public = Namespace(), Namespace()
        self.addCleanup(self.router.close)
        self.addCleanup(self.public.close)
        join(self.bench.namespace, "eth0", self.router, "lan")
        join(self.public, "eth0", self.router, "wan")
        self.bench.namespace.run("ip addr add 10.1.0.2/24 dev eth0; ip route add default via 10.1.0.1")
        self.public.run("ip addr add 203.0.113.10/24 dev eth0")
        self.router.run("ip addr add 10.1.0.1/24 dev lan; ip addr add 203.0.113.1/24 dev wan")
        self.router.run("sysctl -qw net.ipv4.ip_forward=1; nft add table ip n")
        self.router.run("nft 'add chain ip n post { type nat hook postrouting priority 100; }'")
        self.router.run("nft add rule ip n post oif wan masquerade random,fully-random")

    async def test_same_port_for_probe_and_handshake(self) -> None:
        """The public side sees our probe and WireGuard's handshake from one and the same address and port."""
        tunnel = self.bench.tunnel("lrt-a")
        await tunnel.create(new_key(), PORT_A, MTU)
        port = RawProbePort(self.bench.reactor)
        self.addCleanup(port.close)
        heard: Deferred[tuple[bytes, Endpoint, str]] = Deferred()
        port.open(PORT_A, lambda *what: heard.callback(what))
        enter(self.public.descriptor)
        reflector = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        enter(self.bench.namespace.descriptor)
        self.addCleanup(reflector.close)
        reflector.bind(("203.0.113.10", 3478))
        reflector.setblocking(False)
        port.send(b"LRNG probe", Endpoint("203.0.113.10", 3478))
        peer = TunnelPeer(public_of(new_key()), only(IPv4Address("10.66.0.2")), Endpoint("203.0.113.10", 3478), 1)
        await tunnel.set_peer(peer)
        seen: dict[int, Any] = {}
        while len(seen) < 2:
            await deferLater(self.bench.reactor, 0.01)
            try:
                payload, source = reflector.recvfrom(2000)
            except BlockingIOError:
                continue
            seen[payload[0]] = source
            if payload == b"LRNG probe":
                reflector.sendto(STUN, source)
        assert seen[ord("L")] == seen[1]
        assert seen[1] != ("203.0.113.1", PORT_A)
        assert await heard == (STUN, Endpoint("203.0.113.10", 3478), "10.1.0.2")
