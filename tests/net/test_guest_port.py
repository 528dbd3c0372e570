"""The tunnel device as guests use it: what is seen on it, what is sent by it, and that it forwards meanwhile alone."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from lanrage.core.lan_frames import Udp
from lanrage.net import bpf
from lanrage.net.guest_port import GuestPort, guest_filter
from lanrage.wire.packets import IPV4_BYTES, write_ipv4
from tests.namespaces import Namespace, join
from tests.net.test_capture import judge
from tests.real_links import RealNamespace

HOME, GUEST, OTHER, FAR = map(IPv4Address, ("10.66.0.1", "10.66.0.254", "10.66.0.253", "10.66.0.2"))
BROADCAST, LIMITED, GROUP = map(IPv4Address, ("10.66.0.255", "255.255.255.255", "224.0.2.60"))
NEVER_S = 0.1
addresses = st.sampled_from([HOME, GUEST, OTHER, FAR, BROADCAST, LIMITED, GROUP]) | st.ip_addresses(v=4)


class TestFilter:
    """The program that the kernel runs, on an interpreter of our own."""

    @given(
        st.frozensets(st.sampled_from([GUEST, OTHER, FAR]), min_size=1),
        addresses,
        addresses,
        st.sampled_from([socket.IPPROTO_UDP, socket.IPPROTO_TCP, socket.IPPROTO_ICMP]),
        st.booleans(),
    )
    def test_rule(
        self, guests: frozenset[IPv4Address], source: IPv4Address, target: IPv4Address, proto: int, out: bool
    ) -> None:
        """UDP that came in from a guest for all, and nothing else."""
        packet = bytearray(write_ipv4(Udp(source, target, 1, 2, b"hello")))
        packet[9] = proto
        known = {bpf.PACKET_TYPE: socket.PACKET_OUTGOING if out else socket.PACKET_HOST}
        for_all = target in (BROADCAST, LIMITED) or target.is_multicast
        wanted = not out and proto == socket.IPPROTO_UDP and source in guests and for_all
        assert judge(guest_filter(guests, BROADCAST), bytes(packet), known) == wanted
        assert not judge(guest_filter(guests, BROADCAST), bytes(packet[: IPV4_BYTES - 1]), known)


@pytest.mark.needs("root", "ip", "tun")
class PortTests(TestCase):
    """A cable stands for the tunnel device; a guest is at its other end."""

    timeout = 120

    def setUp(self) -> None:
        """The port is open."""
        from twisted.internet import reactor

        self.reactor: Any = reactor
        self.world = RealNamespace(reactor)
        self.addCleanup(self.world.leave)
        self.there = Namespace()
        self.addCleanup(self.there.close)
        join(self.world.namespace, "lrt-tun0", self.there, "eth0")
        self.world.namespace.run(f"ip addr add {HOME}/24 dev lrt-tun0")
        self.there.run(f"ip addr add {GUEST}/24 dev eth0; ip addr add {OTHER}/24 dev eth0")
        self.heard: list[tuple[IPv4Address, IPv4Address, bytes]] = []
        self.port = GuestPort(reactor, "lrt-tun0")
        self.port.open(self.take)
        self.addCleanup(self.port.close)

    def take(self, packet: bytes) -> None:
        """A guest's packet; one that fails stops none."""
        source, target = IPv4Address(packet[12:16]), IPv4Address(packet[16:20])
        self.heard.append((source, target, packet[IPV4_BYTES + 8 :]))
        if packet.endswith(b"bug"):
            raise ValueError("a bug")

    def says(self, source: IPv4Address, target: IPv4Address, payload: bytes) -> None:
        """A socket of the guest's machine sends."""
        with self.there.inside(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, source.packed)
            made.bind((str(source), 0))
            if target == LIMITED:
                made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
            made.sendto(payload, (str(target), 6000))

    async def until(self, count: int) -> None:
        """Wait until so much was heard, and whether more comes."""
        for _ in range(200):
            if len(self.heard) >= count:
                break
            await deferLater(self.reactor, 0.01)
        await deferLater(self.reactor, NEVER_S)
        self.assertEqual(count, len(self.heard), self.heard)

    async def test_hears(self) -> None:
        """What guests send to all; from the moment that one is none, nothing of it."""
        self.port.hear(frozenset({GUEST}), BROADCAST)
        for target in (BROADCAST, LIMITED, GROUP):
            self.says(GUEST, target, b"hello")
            self.says(OTHER, target, b"stranger")
        self.says(GUEST, HOME, b"for one")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
            own.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            own.sendto(b"own", (str(BROADCAST), 6000))
        await self.until(3)
        self.assertEqual([(GUEST, target, b"hello") for target in (BROADCAST, LIMITED, GROUP)], self.heard)
        self.says(GUEST, BROADCAST, b"bug")
        await self.until(4)
        self.assertEqual(1, len(self.flushLoggedErrors(ValueError)))
        self.port.hear(frozenset({OTHER}), BROADCAST)
        self.says(GUEST, BROADCAST, b"gone")
        self.says(OTHER, BROADCAST, b"now")
        await self.until(5)
        self.assertEqual((OTHER, BROADCAST, b"now"), self.heard[-1])

    def test_sends(self) -> None:
        """A packet with another machine's source arrives at an ordinary socket, whole although it is large."""
        with self.there.inside():
            ear = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(ear.close)
        ear.settimeout(5)
        ear.bind(("", 6000))
        self.there.run("sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.eth0.rp_filter=0")
        for payload in (b"small", bytes(range(256)) * 12):
            self.assertTrue(self.port.send(write_ipv4(Udp(FAR, GUEST, 5000, 6000, payload)), GUEST))
            self.assertEqual((payload, (str(FAR), 5000)), ear.recvfrom(9000))

    def test_forwards_while_open(self) -> None:
        """The device alone, and no longer."""

        def forwards() -> list[str]:
            return [
                self.world.namespace.run(f"cat /proc/sys/net/ipv4/conf/{name}/forwarding").strip()
                for name in ("lrt-tun0", "lo", "all")
            ]

        self.assertEqual(["1", "0", "0"], forwards())
        self.port.close()
        self.assertEqual(["0", "0", "0"], forwards())
        self.assertFalse(self.port.send(b"x" * 28, GUEST))
