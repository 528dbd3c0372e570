"""The probe port: beside a live WireGuard, through a NAT that changes every port, and only what is ours."""

from __future__ import annotations

import shutil
import socket
from ipaddress import IPv4Address
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from lanrage.core.links import Endpoint, TunnelPeer
from lanrage.interfaces import IProbePort
from lanrage.net.rawport import RawProbePort
from lanrage.net.userspace import PROGRAM, UserspaceTunnel
from lanrage.wire.uapi import public_of
from tests.contracts_links import MTU, PORT_A, ProbeContract, new_key, only
from tests.namespaces import Namespace, enter, join, may_unshare
from tests.real_links import RealBench, RealNamespace

PORT = 51820
STUN = b"\x01\x01\x00\x00\x21\x12\xa4\x42" + bytes(12)

needs_root = pytest.mark.skipif(not may_unshare(), reason="needs root and /dev/net/tun")


@needs_root
class TestRawPort(ProbeContract, TestCase):
    """The contract, on the loopback of a namespace."""

    timeout = 20

    def setUp(self) -> None:
        """A namespace of our own."""
        from twisted.internet import reactor

        self.world = RealNamespace(reactor)
        self.addCleanup(self.world.leave)

    def port(self) -> IProbePort:
        """See the contract."""
        port = RawProbePort(self.world.reactor)
        self.addCleanup(port.close)
        return port

    def stranger(self, payload: bytes, to: Endpoint) -> Endpoint:
        """See the contract."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as plain:
            plain.bind(("127.0.0.1", 0))
            plain.sendto(payload, (to.host, to.port))
            return Endpoint(*plain.getsockname())

    async def test_checksum(self) -> None:
        """An ordinary socket takes our datagrams (its kernel proves the checksum), odd lengths too."""
        port = self.port()
        port.open(PORT, lambda *_: None)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as plain:
            plain.bind(("127.0.0.1", 0))
            plain.settimeout(2)
            for payload in (b"LRNG", b"LRNG1", b"LRNG" + b"\xff" * 99):
                port.send(payload, Endpoint(*plain.getsockname()))
                assert plain.recvfrom(200) == (payload, ("127.0.0.1", PORT))

    async def test_unreachable_is_loss(self) -> None:
        """What cannot be sent is counted, silent and no error."""
        port = RawProbePort(self.world.reactor)
        port.send(b"LRNG", Endpoint("127.0.0.1", 9))
        port.open(PORT, lambda *_: None)
        port.send(b"LRNG", Endpoint("192.0.2.1", 9))
        port.send(b"LRNG", Endpoint("2001:db8::1", 9))
        assert port.refused == 2
        port.close()
        port.close()

    async def test_a_failing_receiver_stops_nothing(self) -> None:
        """One datagram that cannot be dealt with is logged, the next is delivered."""
        heard: Deferred[bytes] = Deferred()

        def receive(payload: bytes, *_: object) -> None:
            if payload == b"LRNG1":
                raise ValueError("first")
            heard.callback(payload)

        port = self.port()
        port.open(PORT, receive)
        self.stranger(b"LRNG1", Endpoint("127.0.0.1", PORT))
        self.stranger(b"LRNG2", Endpoint("127.0.0.1", PORT))
        assert await heard == b"LRNG2"
        assert len(self.flushLoggedErrors(ValueError)) == 1


@pytest.mark.skipif(
    not (may_unshare() and shutil.which(PROGRAM) and shutil.which("nft")), reason="needs root, nft, wireguard-go"
)
class TestOnePublicPort(TestCase):
    """A host with WireGuard behind a router that gives every flow another port."""

    timeout = 30

    def setUp(self) -> None:
        """Host, router, and a public side at 203.0.113.10."""
        from twisted.internet import reactor

        self.bench = RealBench(reactor, UserspaceTunnel)
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
