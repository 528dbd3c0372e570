"""The party firewall between guests, members and everything else, in real namespaces."""

from __future__ import annotations

import json
import socket
from ipaddress import IPv4Address

import pytest

from lanrage.core.exposure import OWN_PORTS, GuardRules
from lanrage.core.lan_frames import Udp
from lanrage.net.guest_port import ETH_P_IP
from lanrage.wire.packets import write_ipv4
from tests.guard_world import GAME, HERE, NEVER_S, SSH, THERE, TUNNEL, GuardWorld
from tests.namespaces import Namespace, join

GUEST, MEMBER, BEHIND, CARD_ADDRESS = "10.66.0.254", "10.66.0.3", "172.17.0.2", "172.17.0.1"
RULES = GuardRules(guests=frozenset({IPv4Address(GUEST)}), home=IPv4Address(HERE))


@pytest.mark.needs("root", "ip", "nft")
class GuestGuardTests(GuardWorld):
    """A guest and a member at the tunnel's end, and a network behind this machine, which is a router for all."""

    def setUp(self) -> None:
        """Everything reaches everything."""
        super().setUp()
        self.behind = Namespace()
        self.addCleanup(self.behind.close)
        join(self.world.namespace, "veth9", self.behind, "eth0")
        self.world.namespace.run(f"ip addr add {CARD_ADDRESS}/16 dev veth9; sysctl -qw net.ipv4.ip_forward=1")
        self.behind.run(f"ip addr add {BEHIND}/16 dev eth0; ip route add 10.66.0.0/24 via {CARD_ADDRESS}")
        self.there.run(
            f"ip addr add {GUEST}/32 dev eth0; ip route add 172.17.0.0/16 via {HERE};"
            f"ip addr add {MEMBER}/32 dev lo; sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.eth0.rp_filter=0"
        )

    def reaches(self, space: Namespace | None, source: str, place: Namespace | None, target: str, port: int) -> bool:
        """Whether a UDP datagram gets there; ``None`` is this machine."""
        with (space or self.world.namespace).inside(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mouth:
            mouth.bind((source, 0))
            with (place or self.world.namespace).inside(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
                ear.bind((target, port))
                ear.settimeout(NEVER_S)
                mouth.sendto(b"hello", (target, port))
                try:
                    return ear.recv(99) == b"hello"
                except TimeoutError:
                    return False

    async def test_guest(self) -> None:
        """It reaches this member as members do, and no other address, own port or network of this machine."""
        here, there, behind = None, self.there, self.behind
        ways = [
            (there, GUEST, here, HERE, GAME),
            (there, GUEST, here, HERE, SSH),
            *((there, GUEST, here, HERE, port) for port in OWN_PORTS),
            (there, GUEST, here, CARD_ADDRESS, GAME),
            (there, GUEST, behind, BEHIND, GAME),
            (behind, BEHIND, there, GUEST, GAME),
            (there, THERE, here, HERE, OWN_PORTS[0]),
        ]
        self.assertEqual([True] * len(ways), [self.reaches(*way) for way in ways], "without a guard")
        await self.guard.start(RULES)
        wanted = [True] + [False] * (len(ways) - 2) + [True]
        self.assertEqual(wanted, [self.reaches(*way) for way in ways])
        await self.guard.change(GuardRules())
        self.assertNotIn("@guests", self.ruleset())
        await self.guard.stop()

    async def test_between(self) -> None:
        """From the tunnel to the tunnel: a guest's packets and those for it pass, others' do not."""
        self.world.namespace.run(
            f"ip route add {MEMBER} via {THERE} dev {TUNNEL};"
            "nft 'table inet seen { chain forward { type filter hook forward priority 10; counter; };"
            " chain output { type filter hook output priority 10; icmp type redirect counter; }; }'"
        )
        await self.guard.start(RULES)
        ways = [(GUEST, MEMBER, GAME, 1), (THERE, GUEST, GAME, 1), (THERE, MEMBER, GAME, 0)]
        ways += [(GUEST, MEMBER, port, 0) for port in OWN_PORTS]
        for source, target, port, passes in ways:
            before = self.forwarded()
            datagram = Udp(IPv4Address(source), IPv4Address(target), 5000, port, b"hello", ttl=9)
            with self.there.inside(), socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM) as raw:
                raw.sendto(write_ipv4(datagram), ("eth0", ETH_P_IP, 0, 0, self.mac()))
            self.reaches(self.there, THERE, None, HERE, GAME)  # a datagram behind it has come: it was dealt with
            self.assertEqual(passes, self.forwarded() - before, (source, target, port))
        self.assertEqual(0, self.counted("redirect"), "nobody is told of another way")
        await self.guard.stop()

    def forwarded(self) -> int:
        """Packets that every table let pass so far."""
        return self.counted("filter hook forward")

    def counted(self, after: str) -> int:
        """What the counter behind these words says."""
        told = self.world.namespace.run("nft list table inet seen").partition(after)[2]
        return int(told.partition("counter packets ")[2].split()[0])

    def mac(self) -> bytes:
        """Of this machine's end of the cable."""
        (link,) = json.loads(self.world.namespace.run(f"ip -j link show dev {TUNNEL}"))
        return bytes.fromhex(link["address"].replace(":", ""))
