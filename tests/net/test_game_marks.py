"""Games' traffic is marked by the kernel, inside the tunnel and outside, while a game runs: real packets."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from typing import Any

import pytest
from twisted.internet.defer import gatherResults
from twisted.trial.unittest import TestCase

from lanrage.core.game_profile import TrafficClass
from lanrage.core.game_tuning import Marked
from lanrage.net.game_marks import GameMarks, traffic_classes
from tests.fakes_running_games import udp
from tests.namespaces import may_unshare
from tests.real_links import RealNamespace

PORT = 51820
REALTIME = Marked(TrafficClass.REALTIME, (udp(8303, 8310),))
BULK = Marked(TrafficClass.BULK, (udp(6881),))
CS4, AF11, CS1 = 32, 10, 8
TABLE = "table inet lanrage-games-wg0"
HOLDER = """
import sys
from lanrage.core.game_profile import TrafficClass
from lanrage.net.nft import Nft
from lanrage.wire.game_ruleset import ruleset
nft = Nft()
nft.run(ruleset(("wg0", "lan0"), 51820, (), TrafficClass.REALTIME))
print("there", flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(not may_unshare(), reason="needs root and /dev/net/tun")
@pytest.mark.needs("nft")
class TestMarks(TestCase):
    """In a namespace with a card ``eth0`` and what stands for the tunnel, ``wg0``."""

    timeout = 120

    def setUp(self) -> None:
        """Nothing is marked."""
        from twisted.internet import reactor

        self.world = RealNamespace(reactor)
        self.addCleanup(self.world.leave)
        self.world.namespace.run(
            "for each in eth0 wg0; do ip link add $each type veth peer name far-$each;"
            " ip link set $each up; ip link set far-$each up; done;"
            "ip addr add 192.0.2.1/24 dev eth0; ip addr add 10.66.0.1/24 dev wg0;"
            "ip -6 addr add fd00::1/64 dev wg0 nodad;"
            "far=02:00:00:00:00:02; ip neigh add 192.0.2.2 lladdr $far dev eth0;"
            "ip neigh add 10.66.0.2 lladdr $far dev wg0; ip neigh add fd00::2 lladdr $far dev wg0"
        )
        self.marks = self.make()

    def make(self, tc_class: tuple[int, int] | None = None) -> GameMarks:
        """Marks of the tunnel ``wg0``; the card of the party is not there yet."""
        marks = GameMarks(self.world.reactor, ("wg0", "lan0"), tc_class)
        self.addCleanup(marks.close)
        return marks

    def rules(self) -> str:
        """What the kernel has."""
        return self.world.namespace.run("nft list ruleset")

    def sent(self, device: str, to: str, source: int, port: int, tos: int = 0) -> int:
        """The traffic class byte with which a datagram leaves by a device."""
        six = ":" in to
        kind = 0x86DD if six else 0x0800
        with (
            socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(kind)) as way_out,
            socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM) as game,
        ):
            way_out.bind((f"far-{device}", kind))
            way_out.settimeout(5.0)
            if tos:
                game.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, tos)
            game.bind(("", source))
            game.sendto(b"x" * 40, (to, port))
            while True:
                packet = way_out.recv(2048)
                head = 40 if six else 20
                if len(packet) == head + 48 and int.from_bytes(packet[head + 2 : head + 4], "big") == port:
                    return int.from_bytes(packet[:2], "big") >> 4 & 0xFF if six else packet[1]

    async def test_marked(self) -> None:
        """Both ends' ports count, over IPv4 and IPv6; other traffic, and what chose a mark itself, goes as it is."""
        await self.marks.use(PORT, (REALTIME, BULK), TrafficClass.REALTIME)
        told = [
            self.sent("wg0", "10.66.0.2", 8303, 40000),
            self.sent("wg0", "10.66.0.2", 40000, 8310),
            self.sent("wg0", "fd00::2", 40000, 8305),
            self.sent("wg0", "10.66.0.2", 40000, 6881),
            self.sent("wg0", "10.66.0.2", 40000, 40001),
            self.sent("wg0", "10.66.0.2", 8303, 40000, CS1 << 2 | 1),
            self.sent("eth0", "192.0.2.2", 8303, 40000),
            self.sent("eth0", "192.0.2.2", PORT, 40000),
        ]
        self.assertEqual(told, [CS4 << 2, CS4 << 2, CS4 << 2, AF11 << 2, 0, CS1 << 2 | 1, 0, CS4 << 2])

    async def test_life(self) -> None:
        """The table is there while it is needed, changed in place, and gone with the last game."""
        self.assertEqual(self.rules(), "")
        await self.marks.use(PORT, (REALTIME,), TrafficClass.REALTIME)
        self.assertIn("8303-8310", self.rules())
        await self.marks.use(PORT, (BULK,), None)
        self.assertNotIn("8303", self.rules())
        self.assertEqual(self.sent("eth0", "192.0.2.2", PORT, 40000), 0)
        await self.marks.use(PORT, (), None)
        self.assertEqual((self.rules(), self.marks.trouble), ("", ""))

    async def test_last_wish(self) -> None:
        """Of wishes that come at once the last stands; after the close nothing does."""
        wishes: list[Any] = [self.marks.use(PORT, (REALTIME,), None) for _ in range(9)]
        await gatherResults([*wishes, self.marks.use(PORT, (BULK,), None)])
        self.assertNotIn("8303", self.rules())
        await gatherResults([self.marks.use(PORT, (REALTIME,), None), self.marks.close()])
        self.assertEqual(self.rules(), "")

    async def test_flush(self) -> None:
        """Another program's flush leaves it alone."""
        await self.marks.use(PORT, (REALTIME,), None)
        self.world.namespace.run("nft flush ruleset")
        self.assertIn("8303-8310", self.rules())

    async def test_queue(self) -> None:
        """The user's class gets the tunnel's packets while it is there; else the first band does, and that is told."""
        run = self.world.namespace.run
        mine = self.make((1, 0x10))
        await mine.use(PORT, (), TrafficClass.REALTIME)
        self.assertIn("1:10", mine.trouble)
        self.assertIn("meta priority set 0:6", self.rules())
        await mine.use(PORT, (), None)
        run(
            "tc qdisc add dev eth0 root handle 1: htb default 20;"
            "tc class add dev eth0 parent 1: classid 1:10 htb rate 10mbit;"
            "tc class add dev eth0 parent 1: classid 1:20 htb rate 1mbit"
        )
        self.assertLessEqual({(1, 0x10), (1, 0x20)}, traffic_classes())
        await mine.use(PORT, (), TrafficClass.REALTIME)
        self.assertEqual(mine.trouble, "")
        self.sent("eth0", "192.0.2.2", PORT, 40000)
        self.sent("eth0", "192.0.2.2", 40001, 40000)
        shown = run("tc -s class show dev eth0")
        counted = {each.split()[1]: int(each.partition("Sent ")[2].split()[2]) for each in shown.split("class ")[1:]}
        self.assertEqual(counted["1:10"], 1, shown)
        self.assertGreaterEqual(counted["1:20"], 1, shown)  # the kernel's own words over IPv6 go there too

    async def test_first_band(self) -> None:
        """The kernel queues the tunnel's packets as interactive ones, which is the first of a queue's bands."""
        self.world.namespace.run(
            "nft add table ip seen; nft add chain ip seen last '{ type filter hook postrouting priority 300; }';"
            "nft add rule ip seen last meta priority 0:6 counter"
        )
        await self.marks.use(PORT, (), TrafficClass.REALTIME)
        self.sent("eth0", "192.0.2.2", PORT, 40000)
        self.sent("eth0", "192.0.2.2", 40001, 40000)
        self.assertIn("packets 1 bytes", self.world.namespace.run("nft list table ip seen"))

    async def test_refused_change(self) -> None:
        """Where a change is refused, the marks of before do not stay; the next wish is tried."""
        await self.marks.use(PORT, (REALTIME,), None)
        await self.marks.use(1 << 16, (), TrafficClass.REALTIME)
        self.assertEqual((self.rules(), "nftables" in self.marks.trouble), ("", True))
        await self.marks.use(PORT, (REALTIME,), None)
        self.assertEqual(self.marks.trouble, "")
        self.assertIn("8303-8310", self.rules())

    async def test_refused(self) -> None:
        """What the kernel refuses is told, and tried again at the next wish."""
        bad = GameMarks(self.world.reactor, ('no"name', "lan0"))
        await bad.use(PORT, (REALTIME,), None)
        self.assertIn("device", bad.trouble)
        await bad.close()
        self.assertEqual(bad.trouble, "")

    async def test_killed(self) -> None:
        """A node that is killed leaves no table: the kernel removes it."""
        with subprocess.Popen(
            [sys.executable, "-c", HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ.copy()
        ) as holder:
            assert holder.stdout is not None
            self.assertEqual(holder.stdout.readline(), b"there\n")
            self.assertIn(TABLE, self.rules())
            holder.send_signal(signal.SIGKILL)
            holder.wait(10)
        self.assertEqual(self.rules(), "")
