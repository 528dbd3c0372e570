"""The probe port: beside a live WireGuard, through a NAT that changes every port, and only what is ours."""

from __future__ import annotations

import shutil
import socket

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from lanrage.core.links import Endpoint
from lanrage.interfaces import IProbePort
from lanrage.net.raw_sockets import SOURCE_SECONDS, SOURCES_LIMIT, Sources
from lanrage.net.rawport import RawProbePort
from lanrage.net.userspace import PROGRAM, UserspaceTunnel
from tests.contracts_links import ProbeContract
from tests.namespaces import may_unshare
from tests.public_port import OnePublicPort
from tests.real_links import RealNamespace

PORT = 51820

needs_root = pytest.mark.skipif(not may_unshare(), reason="needs root and /dev/net/tun")


@needs_root
class TestRawPort(ProbeContract, TestCase):
    """The contract, on the loopback of a namespace."""

    timeout = 120

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

    async def test_ipv6(self) -> None:
        """Both ways, with the local address; what is not ours does not get through the filter; checksums hold."""
        self.world.namespace.run("ip addr add 2001:db8::7/64 dev lo nodad")
        heard: list[tuple[bytes, Endpoint, str]] = []
        port = self.port()
        port.open(PORT, lambda *what: heard.append(what))
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as plain:
            plain.bind(("2001:db8::7", 0))
            plain.settimeout(2)
            source = Endpoint("2001:db8::7", plain.getsockname()[1])
            for payload in (b"LRNG", b"LRNG1", b"LRNG" + b"\xff" * 99):
                port.send(payload, source)
                assert plain.recvfrom(200)[0] == payload
            assert plain.getsockname()[0] == "2001:db8::7"
            for payload in (b"LRNG six", b"\x04\0\0\0WireGuard", b"\x01\x01\0\0\x21\x12\xa4\x42", b"LRRL"):
                plain.sendto(payload, ("2001:db8::7", PORT))
            plain.sendto(b"LRNG elsewhere", ("2001:db8::7", PORT + 1))
        await deferLater(self.world.reactor, 0.05)
        assert [what[0] for what in heard] == [b"LRNG six", b"\x01\x01\0\0\x21\x12\xa4\x42", b"LRRL"]
        assert {what[1:] for what in heard} == {(source, "2001:db8::7")}

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

    async def test_address_gone(self) -> None:
        """When the address that it sent from is gone, the very next datagram leaves from another one."""
        run = self.world.namespace.run
        run("ip link add card0 type veth peer name far0; ip link set card0 up; ip link set far0 up")
        for address in ("10.9.0.1/24", "10.9.1.1/16"):
            run(f"ip addr add {address} dev card0")
        port = RawProbePort(self.world.reactor)
        self.addCleanup(port.close)
        port.open(PORT, lambda *_: None)
        with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800)) as seen:
            seen.bind(("far0", 0x0800))
            seen.settimeout(2)
            run("ip neigh add 10.9.0.9 lladdr 02:00:00:00:00:09 dev card0")
            port.send(b"LRNG", Endpoint("10.9.0.9", 9))
            run("ip addr del 10.9.0.1/24 dev card0")
            run("ip neigh replace 10.9.0.9 lladdr 02:00:00:00:00:09 dev card0")
            port.send(b"LRNG", Endpoint("10.9.0.9", 9))
            sources = [seen.recv(200)[12:16], seen.recv(200)[12:16]]
        assert [socket.inet_ntoa(source) for source in sources] == ["10.9.0.1", "10.9.1.1"]
        assert port.refused == 0

    async def test_route_changes(self) -> None:
        """A source address is asked anew after a second, and hosts remembered meanwhile are bounded."""
        now = [10.0]
        run = self.world.namespace.run
        run("ip link add card0 type veth peer name far0; ip link set card0 up; ip link set far0 up")
        for address in ("10.9.0.1/24", "10.8.0.1/24"):
            run(f"ip addr add {address} dev card0")
        sources = Sources(lambda: now[0])
        run("ip route add 192.0.2.0/24 dev card0 src 10.9.0.1")
        assert sources.of(Endpoint("192.0.2.1", 9)) == "10.9.0.1"
        run("ip route replace 192.0.2.0/24 dev card0 src 10.8.0.1")
        assert sources.of(Endpoint("192.0.2.1", 9)) == "10.9.0.1"
        now[0] += SOURCE_SECONDS
        assert sources.of(Endpoint("192.0.2.1", 9)) == "10.8.0.1"
        for number in range(SOURCES_LIMIT + 10):
            sources.of(Endpoint(f"192.0.2.{number % 250}", 9))
            sources.of(Endpoint(f"10.8.0.{number % 250}", 9))
        assert len(sources._known) <= SOURCES_LIMIT

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
class TestOnePublicPort(OnePublicPort, TestCase):
    """Beside wireguard-go."""

    timeout = 120
    make = UserspaceTunnel
