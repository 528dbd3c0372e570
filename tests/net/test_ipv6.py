"""IPv6 on our devices, in a namespace: the card, a stand-in of the tunnel, and the members' routes."""

from __future__ import annotations

import shutil
import tempfile
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface, IPv6Network
from pathlib import Path

import pytest
from twisted.trial.unittest import SynchronousTestCase, TestCase

from lanrage.errors import LanrageError, Refused
from lanrage.net.card import TapCard
from lanrage.net.ipv6 import has_ipv6, own_addresses6
from lanrage.net.machine import Machine
from tests.namespaces import may_unshare
from tests.real_links import RealNamespace

PREFIX = IPv6Network("fd10:6600::/64")
ME, MEMBER = IPv6Address("fd10:6600::a42:1"), IPv6Address("fd10:6600::a42:2")


class SwitchTests(SynchronousTestCase):
    """Whether there is IPv6 at all."""

    def test_switch(self) -> None:
        """A kernel without it, one with it, and one where it is switched off."""
        root = Path(tempfile.mkdtemp(prefix="lanrage-ipv6-"))
        self.addCleanup(shutil.rmtree, root)
        self.assertFalse(has_ipv6(root))
        switch = root / "ipv6/conf/all/disable_ipv6"
        switch.parent.mkdir(parents=True)
        for text, expected in (("0\n", True), ("1\n", False), ("", False)):
            switch.write_text(text)
            self.assertEqual(has_ipv6(root), expected)


@pytest.mark.skipif(not may_unshare(), reason="needs root and /dev/net/tun")
class TestDevices(TestCase):
    """A card with IPv6, and the machine around it."""

    timeout = 120

    def setUp(self) -> None:
        """Its network."""
        from twisted.internet import reactor

        self.world = RealNamespace(reactor)
        self.addCleanup(self.world.leave)
        self.run_here = self.world.namespace.run
        self.run_here("sysctl -qw net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.default.accept_dad=0")
        self.run_here(
            "ip link add eth0 type veth peer name far; ip link set eth0 up; ip link set far up;"
            "ip link add wg type bridge; ip link set wg up alias lanrage"
        )
        self.machine = Machine(self.world.reactor)
        self.frames: list[bytes] = []
        self.card = TapCard(self.world.reactor, "lrt0", prefix=PREFIX)
        self.addCleanup(self.card.close)

    async def open(self) -> None:
        """The card is up."""
        await self.card.open(IPv4Interface("10.66.0.1/24"), self.frames.append)

    async def test_card(self) -> None:
        """It has the address that belongs to the party's, at once, and no other; multicast is led by the real card."""
        await self.open()
        shown = self.run_here("ip -6 -o addr show dev lrt0").splitlines()
        assert len(shown) == 1, shown
        assert f"{ME}/64 scope global nodad" in shown[0]
        for _ in range(2):
            lead = self.run_here("ip -6 route get ff15::1").split()
            assert lead[lead.index("dev") + 1] != "lrt0", "a real card leads, also after it was down for a moment"
            self.run_here("for card in eth0 far wg; do ip link set $card down; done; ip link set eth0 up")
            self.run_here("ip link set far up")
        assert ME in own_addresses6()

    async def test_tunnel(self) -> None:
        """It carries IPv6 with no address and no multicast of its own."""
        await self.open()
        self.run_here("sysctl -qw net.ipv6.conf.wg.disable_ipv6=1")
        for _ in range(2):
            await self.machine.enable_ipv6("wg")
        assert self.run_here("ip -6 addr show dev wg scope global; ip -6 addr show dev wg scope link") == ""
        assert "dev wg" not in self.run_here("ip -6 route show table local type multicast")

    async def test_member_route(self) -> None:
        """It goes into the tunnel with our own address as source; twice is once; it is removed, twice too."""
        await self.open()
        await self.machine.enable_ipv6("wg")
        for _ in range(2):
            await self.machine.add_member_route(MEMBER, "wg", ME)
        shown = self.run_here(f"ip -6 route show exact {MEMBER}").splitlines()
        assert len(shown) == 1, shown
        assert f"{MEMBER} dev wg proto static src {ME}" in shown[0]
        for _ in range(2):
            await self.machine.remove_member_route(MEMBER, "wg")
        assert self.run_here(f"ip -6 route show exact {MEMBER}") == ""
        await self.machine.remove_member_route(MEMBER, "nowhere")

    async def test_foreign_route(self) -> None:
        """A route of somebody else is neither replaced nor removed; a source that is not ours is one sentence."""
        await self.open()
        self.run_here(f"ip -6 route add {MEMBER} dev eth0")
        with pytest.raises(Refused) as caught:
            await self.machine.add_member_route(MEMBER, "wg", ME)
        assert caught.value.code == "subnet_clash"
        await self.machine.remove_member_route(MEMBER, "wg")
        assert "dev eth0" in self.run_here(f"ip -6 route show exact {MEMBER}")
        with pytest.raises(LanrageError, match="fd10:6600::7"):
            await self.machine.add_member_route(IPv6Address("fd10:6600::9"), "wg", IPv6Address("fd10:6600::7"))

    async def test_networks(self) -> None:
        """All that is routed but our own devices and what is as wide as all local networks; none where it is off."""
        await self.open()
        self.run_here("ip -6 route add fd77::/48 dev eth0; ip -6 route add fd00::/8 dev eth0")
        self.run_here("ip -6 route add default dev eth0; ip -6 route add 2001:db8::/32 dev eth0 table 77")
        found = await self.machine.networks6()
        assert found == [IPv6Network(text) for text in ("2001:db8::/32", "fd77::/48", "fe80::/64")]
        assert await self.machine.ipv6_addresses() == []
        assert IPv6Interface(f"{ME}/64") not in await self.machine.ipv6_addresses()
        assert [each.address for each in await self.machine.local_addresses()] == list[IPv4Address]()
        self.run_here("sysctl -qw net.ipv6.conf.all.disable_ipv6=1")
        assert await self.machine.networks6() is None
