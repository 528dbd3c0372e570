"""What is read of the machine, and its member routes, in a namespace."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Interface

import pytest
from twisted.trial.unittest import TestCase

from lanrage.core.links import LocalAddress
from lanrage.core.mapping import Gateway
from lanrage.errors import LanrageError, Refused, Unreachable
from lanrage.net.card import TapCard
from lanrage.net.machine import Machine
from tests.namespaces import Namespace, join, may_unshare
from tests.real_links import RealNamespace

ME, MEMBER = IPv4Address("10.66.0.1"), IPv4Address("10.66.0.2")


@pytest.mark.skipif(not may_unshare(), reason="needs root and /dev/net/tun")
class TestMachine(TestCase):
    """A machine with one real card, a stand-in of the tunnel, and our LAN card."""

    timeout = 120

    def setUp(self) -> None:
        """Its network."""
        from twisted.internet import reactor

        self.world = RealNamespace(reactor)
        self.addCleanup(self.world.leave)
        far = Namespace()
        self.addCleanup(far.close)
        join(self.world.namespace, "eth0", far, "eth0")
        self.run_here = self.world.namespace.run
        self.run_here(
            "ip addr add 192.168.7.5/24 brd + dev eth0; ip link add wg type bridge; ip link set wg up alias lanrage"
        )
        self.machine = Machine(self.world.reactor)
        self.card = TapCard(self.world.reactor, "lrt0")
        self.addCleanup(self.card.close)

    async def test_addresses(self) -> None:
        """Those of cards that are up; loopback and ours are left out, point-to-point ones keep their own address."""
        await self.card.open(IPv4Interface(f"{ME}/24"), lambda frame: None)
        self.run_here("ip addr add 10.9.0.1 peer 10.9.0.9/32 dev eth0")
        found = await self.machine.local_addresses()
        index = socket.if_nametoindex("eth0")
        assert sorted(found, key=lambda each: each.address) == [
            LocalAddress("eth0", index, IPv4Address("10.9.0.1"), IPv4Network("10.9.0.9/32"), True),
            LocalAddress("eth0", index, IPv4Address("192.168.7.5"), IPv4Network("192.168.7.0/24"), True),
        ]
        self.run_here("ip link set eth0 down")
        assert await self.machine.local_addresses() == []

    async def test_ipv6_addresses(self) -> None:
        """Those that others can use, and no link-local, deprecated or unproven one, nor those of our own card."""
        await self.card.open(IPv4Interface(f"{ME}/24"), lambda frame: None)
        self.run_here("ip addr add 2001:db8::7/64 dev eth0 nodad; ip addr add fd00::7/64 dev eth0 nodad")
        self.run_here("ip addr add 2001:db8::8/64 dev eth0 nodad preferred_lft 0; ip addr add 2001:db8::9/64 dev lo")
        assert await self.machine.ipv6_addresses() == [IPv6Interface("2001:db8::7/64"), IPv6Interface("fd00::7/64")]
        self.run_here("ip link set eth0 down")
        assert await self.machine.ipv6_addresses() == []

    async def test_networks(self) -> None:
        """All that is routed, of every table, but the default route, its halves, and our own card."""
        await self.card.open(IPv4Interface(f"{ME}/24"), lambda frame: None)
        assert not await self.machine.has_default_route()
        self.run_here("ip route add 172.20.0.0/16 via 192.168.7.1; ip route add default via 192.168.7.1")
        self.run_here("ip route add 0.0.0.0/1 dev eth0; ip route add 10.4.0.0/16 dev eth0 table 77")
        self.run_here(
            "ip route add blackhole 10.5.0.0/16; ip route add 10.6.0.0/16 nexthop dev eth0 nexthop via 192.168.7.2"
        )
        networks = ["10.4.0.0/16", "10.5.0.0/16", "10.6.0.0/16", "172.20.0.0/16", "192.168.7.0/24"]
        assert await self.machine.networks() == [IPv4Network(text) for text in networks]
        assert await self.machine.has_default_route()

    async def test_default_gateway(self) -> None:
        """The router of the best default route, with our address towards it; a route without a router has none."""
        assert await self.machine.default_gateway() is None
        self.run_here("ip route add default dev eth0 metric 7")
        assert await self.machine.default_gateway() is None
        self.run_here("ip route add default via 192.168.7.2 metric 9; ip route add default via 192.168.7.3 table 77")
        expected = Gateway(IPv4Address("192.168.7.2"), "eth0", IPv4Address("192.168.7.5"))
        assert await self.machine.default_gateway() == expected
        self.run_here("ip route add default via 192.168.7.1 metric 5")
        assert await self.machine.default_gateway() == Gateway(
            IPv4Address("192.168.7.1"), "eth0", IPv4Address("192.168.7.5")
        )

    async def test_member_route(self) -> None:
        """It goes into the tunnel with the party address as source; twice is once; it is removed, twice too."""
        await self.card.open(IPv4Interface(f"{ME}/24"), lambda frame: None)
        for _ in range(2):
            await self.machine.add_member_route(MEMBER, "wg", ME)
        assert "10.66.0.2 dev wg proto static scope link src 10.66.0.1" in self.run_here(
            "ip route show exact 10.66.0.2"
        )
        assert len(self.run_here("ip route show exact 10.66.0.2").splitlines()) == 1
        for _ in range(2):
            await self.machine.remove_member_route(MEMBER, "wg")
        assert self.run_here("ip route show exact 10.66.0.2") == ""

    async def test_foreign_route_is_kept(self) -> None:
        """A route of somebody else to the very address is neither replaced nor removed."""
        await self.card.open(IPv4Interface(f"{ME}/24"), lambda frame: None)
        self.run_here("ip route add 10.66.0.2 dev eth0")
        with pytest.raises(Refused) as caught:
            await self.machine.add_member_route(MEMBER, "wg", ME)
        assert caught.value.code == "subnet_clash"
        await self.machine.remove_member_route(MEMBER, "wg")
        assert "dev eth0" in self.run_here("ip route show exact 10.66.0.2")

    async def test_what_is_gone(self) -> None:
        """A missing device or source address is one sentence; removing from a missing device is no error."""
        with pytest.raises(LanrageError, match=r"10\.66\.0\.1"):
            await self.machine.add_member_route(MEMBER, "wg", ME)
        with pytest.raises(Unreachable, match="nowhere"):
            await self.machine.add_member_route(MEMBER, "nowhere", ME)
        await self.machine.remove_member_route(MEMBER, "nowhere")
