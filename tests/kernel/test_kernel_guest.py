"""Guests over the kernel's WireGuard: what they send to all is seen, packets go to them, and the device forwards."""

from __future__ import annotations

import os
import socket
import tempfile
from base64 import b64encode
from ipaddress import IPv4Address
from typing import Any

import pytest
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from lanrage.core.lan_frames import Udp
from lanrage.net.guest_port import GuestPort
from lanrage.net.kernel import kernel_has_wireguard
from lanrage.wire.packets import IPV4_BYTES, write_ipv4
from tests.fakes_control import node_keys
from tests.namespaces import Namespace, join, may_unshare
from tests.real_links import RealNamespace

IN_VM = "LANRAGE_KERNEL_VM" in os.environ

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.skipif(not IN_VM and not (may_unshare() and kernel_has_wireguard()), reason="needs kernel WireGuard"),
    pytest.mark.needs("wg"),
]

DEVICE = "lrt-wg0"
HOME, GUEST, MEMBER = "10.66.0.1", "10.66.0.254", "10.66.0.2"
BROADCAST, LIMITED, GROUP = "10.66.0.255", "255.255.255.255", "224.0.2.60"
KEYS = {name: node_keys(f"kernel {name}").wireguard for name in ("home", "guest", "member")}
HEARD_S = 20.0
"""The emulated machine is 10 to 30 times slower than a real one."""


def peer(name: str, allowed: str, endpoint: str = "") -> str:
    """Arguments of ``wg set`` for a peer."""
    words = f"peer {b64encode(KEYS[name].public).decode()} allowed-ips {allowed}"
    return f"{words} endpoint {endpoint} persistent-keepalive 25" if endpoint else words


class TestKernelGuest(TestCase):
    """A serving machine with a guest and a member, each behind a cable of its own."""

    timeout = 120

    def setUp(self) -> None:
        """All three have WireGuard devices."""
        from twisted.internet import reactor

        self.reactor: Any = reactor
        self.world = RealNamespace(reactor)
        self.addCleanup(self.world.leave)
        self.guest, self.member = Namespace(), Namespace()
        here = self.world.namespace
        for number, (space, outside) in enumerate(((self.guest, "192.0.2"), (self.member, "198.51.100"))):
            self.addCleanup(space.close)
            join(here, f"u{number}", space, "eth0")
            here.run(f"ip addr add {outside}.1/24 dev u{number}")
            space.run(f"ip addr add {outside}.2/24 dev eth0")
        everything = f"{HOME}/24,{LIMITED}/32,224.0.0.0/4"
        self.wireguard(here, "home", peer("guest", GUEST), peer("member", MEMBER, "198.51.100.2:51820"))
        self.wireguard(self.guest, "guest", peer("home", everything, "192.0.2.1:51820"))
        self.wireguard(self.member, "member", peer("home", f"{HOME},{GUEST}", "198.51.100.1:51820"))
        here.run(f"ip link add card type dummy; ip link set card up; ip addr add {HOME}/24 dev card")
        here.run(f"ip route add {GUEST} dev {DEVICE} src {HOME}; ip route add {MEMBER} dev {DEVICE} src {HOME}")
        self.guest.run(f"ip addr add {GUEST}/24 dev {DEVICE}; ip route add {LIMITED} dev {DEVICE}")
        self.guest.run(f"ip route add 224.0.0.0/4 dev {DEVICE}")
        self.member.run(f"ip addr add {MEMBER}/32 dev {DEVICE}; ip route add 10.66.0.0/24 dev {DEVICE} src {MEMBER}")
        self.heard: list[tuple[str, str, bytes]] = []
        self.port = GuestPort(reactor, DEVICE)
        self.port.open(self.take)
        self.addCleanup(self.port.close)
        self.port.hear(frozenset({IPv4Address(GUEST)}), IPv4Address(BROADCAST))

    def wireguard(self, space: Namespace, name: str, *peers: str) -> None:
        """A device with its key and peers."""
        with tempfile.NamedTemporaryFile() as key:
            key.write(b64encode(KEYS[name].secret))
            key.flush()
            config = f"listen-port 51820 private-key {key.name} {' '.join(peers)}"
            space.run(f"ip link add {DEVICE} type wireguard; wg set {DEVICE} {config}")
        space.run(f"ip link set {DEVICE} mtu 1280 up")

    def take(self, packet: bytes) -> None:
        """What the port sees."""
        addresses = (str(IPv4Address(packet[at : at + 4])) for at in (12, 16))
        self.heard.append((*addresses, packet[IPV4_BYTES + 8 :]))  # type: ignore[arg-type]

    def ear(self, space: Namespace) -> socket.socket:
        """A socket that listens on all addresses."""
        with space.inside():
            made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(made.close)
        made.bind(("", 6000))
        made.settimeout(HEARD_S)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        return made

    def at_guest(self, ear: socket.socket) -> tuple[bytes, tuple[str, int]]:
        """The next datagram of somebody else: its kernel lets the guest hear its own broadcasts."""
        while True:
            payload, source = ear.recvfrom(9000)
            if source[0] != GUEST:
                return payload, source

    async def test_guest(self) -> None:
        """To all, from all, and with a member through the serving machine, as long as the port is open."""
        guest, member = self.ear(self.guest), self.ear(self.member)
        for target in (BROADCAST, LIMITED, GROUP):
            guest.sendto(target.encode(), (target, 6000))
        for _ in range(round(HEARD_S / 0.05)):
            if len(self.heard) >= 3:
                break
            await deferLater(self.reactor, 0.05)
        self.assertEqual([(GUEST, target, target.encode()) for target in (BROADCAST, LIMITED, GROUP)], self.heard)
        for payload in (b"lobby", bytes(2000)):
            said = Udp(IPv4Address(MEMBER), IPv4Address(GUEST), 5000, 6000, payload)
            self.assertTrue(self.port.send(write_ipv4(said), IPv4Address(GUEST)))
            self.assertEqual((payload, (MEMBER, 5000)), self.at_guest(guest))
        guest.sendto(b"question", (MEMBER, 6000))
        self.assertEqual((b"question", (GUEST, 6000)), member.recvfrom(99))
        member.sendto(b"answer", (GUEST, 6000))
        self.assertEqual((b"answer", (MEMBER, 6000)), self.at_guest(guest))
        self.port.close()
        guest.sendto(b"too late", (MEMBER, 6000))
        member.settimeout(1.0)
        with self.assertRaises(TimeoutError):
            member.recvfrom(99)
