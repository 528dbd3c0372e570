"""What a member reaches of a guarded machine, with real sockets."""

from __future__ import annotations

import socket

import pytest

from lanrage.core.exposure import Exposure, GuardRules
from lanrage.core.play_ports import Span
from tests.guard_world import (
    ECHO,
    GAME,
    HERE,
    HERE6,
    NEVER_S,
    PLAY,
    PORTS,
    SSH,
    THERE,
    TRIED,
    TUNNEL,
    WANTED,
    GuardWorld,
    open_in,
)
from tests.lan_hosts import wait_for
from tests.namespaces import Namespace, join


@pytest.mark.needs("root", "ip", "nft")
class TestReach(GuardWorld):
    """Each setting."""

    async def test_settings(self) -> None:
        """Each setting opens what it says, by both protocols, in both families; after the stop nothing is left."""
        with self.services(*PORTS) as services:
            self.assertEqual(set(TRIED), self.reached(services))
            await self.guard.start(GuardRules(Exposure.GUARDED, WANTED, PLAY))
            for exposure in (Exposure.GUARDED, Exposure.GAMES, Exposure.ALL):
                await self.guard.use(GuardRules(exposure, WANTED, PLAY))
                self.assertEqual(open_in(exposure), self.reached(services), exposure)
            await self.guard.use(GuardRules())
            self.reached({key: made for key, made in services.items() if key[2] == SSH})
            await self.guard.look()
            counted = self.guard.counters()
            self.assertGreaterEqual(counted["guard_refused"], 4)
            self.assertEqual(0, counted["guard_restored"])
            await self.guard.stop()
            self.assertEqual(set(TRIED), self.reached(services))
        self.assertEqual(("", []), (self.ruleset(), self.journal.entries()))

    async def test_other_devices(self) -> None:
        """What comes by another card is none of the guard's business."""
        self.world.namespace.run(f"ip link set {TUNNEL} down; ip link set {TUNNEL} name eth9; ip link set eth9 up")
        self.world.namespace.run(f"ip addr add {HERE6}/64 dev eth9 nodad || true")
        wait_for("IPv6", self.passes_ipv6)
        await self.guard.start(GuardRules(Exposure.GAMES))
        with self.services(SSH) as services:
            self.assertEqual({each for each in TRIED if each[2] == SSH}, self.reached(services))
        await self.guard.stop()

    async def test_answers(self) -> None:
        """What this machine asked for comes in, ping and LANrage's own ports as well, in the strictest setting."""
        await self.guard.start(GuardRules(Exposure.GAMES))
        with self.there.inside():
            server = socket.create_server((THERE, 5432))
            self.addCleanup(server.close)
            ask = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.addCleanup(ask.close)
            ask.bind((THERE, 9999))
        out = socket.create_connection((THERE, 5432), 2)
        self.addCleanup(out.close)
        inside = server.accept()[0]
        self.addCleanup(inside.close)
        inside.send(b"rows")
        self.assertEqual(b"rows", out.recv(99))
        mine = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(mine.close)
        mine.settimeout(2)
        mine.sendto(b"?", (THERE, 9999))
        ask.sendto(b"!", ask.recvfrom(99)[1])
        self.assertEqual(b"!", mine.recv(99))
        self.assertEqual([True, True], [self.echoes(family) for family in ECHO])
        for port in (4666, 4667, 7767):
            own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.addCleanup(own.close)
            own.bind(("", port))
            own.settimeout(2)
            ask.sendto(b"frame", (HERE, port))
            self.assertEqual(b"frame", own.recv(99))
        await self.guard.stop()

    async def test_searches(self) -> None:
        """With games alone, an answer comes to the port from which a game searched by broadcast, and to no other."""
        await self.guard.start(GuardRules(Exposure.GAMES, (), PLAY))
        game, other = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        for each in (game, other):
            self.addCleanup(each.close)
            each.settimeout(NEVER_S)
            each.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            each.bind(("", 0))
        other.sendto(b"search", ("10.66.0.255", 31000))
        answer = self.member(socket.AF_INET, socket.SOCK_DGRAM)
        for each in (game, other):
            answer.sendto(b"here", (HERE, each.getsockname()[1]))
            with self.assertRaises(TimeoutError):
                each.recv(99)
        game.sendto(b"search", ("10.66.0.255", 27961))
        answer.sendto(b"here", (HERE, game.getsockname()[1]))
        self.assertEqual(b"here", game.recv(99))
        answer.sendto(b"here", (HERE, other.getsockname()[1]))
        with self.assertRaises(TimeoutError):
            other.recv(99)
        await self.guard.stop()

    async def test_forwards(self) -> None:
        """A member gets into no network behind this machine, nor to a container, but where a part of ours lets it.

        Even there only by what a table translated, so that a part that crashed leaves no way open.
        A container's published port opens by its name in the user's list.
        """
        behind = Namespace()
        self.addCleanup(behind.close)
        join(self.world.namespace, "veth9", behind, "eth0")
        self.world.namespace.run("ip addr add 172.17.0.1/16 dev veth9; sysctl -qw net.ipv4.ip_forward=1")
        behind.run("ip addr add 172.17.0.2/16 dev eth0; ip route add default via 172.17.0.1")
        self.there.run(f"ip route add 172.17.0.0/16 via {HERE}")
        self.world.namespace.run(
            "nft 'table ip docker { chain pre { type nat hook prerouting priority dstnat; "
            "tcp dport 8099 dnat to 172.17.0.2:80; }; }'"
        )
        with behind.inside():
            web = socket.create_server(("172.17.0.2", 80))
            self.addCleanup(web.close)

        def reaches(host: str, port: int) -> bool:
            client = self.member(socket.AF_INET, socket.SOCK_STREAM)
            try:
                client.connect((host, port))
            except OSError:
                return False
            web.accept()[0].close()
            return True

        ways = (("172.17.0.2", 80), (HERE, 8099))
        self.assertEqual([True, True], [reaches(*way) for way in ways])
        await self.guard.start(GuardRules())
        self.assertEqual([False, False], [reaches(*way) for way in ways])
        await self.guard.let_pass(TUNNEL, "veth9")
        self.assertEqual([False, True], [reaches(*way) for way in ways])
        await self.guard.use(GuardRules(Exposure.GAMES))
        self.assertEqual([False, True], [reaches(*way) for way in ways])
        await self.guard.no_pass(TUNNEL, "veth9")
        await self.guard.no_pass(TUNNEL, "veth9")
        self.assertEqual([False, False], [reaches(*way) for way in ways])
        await self.guard.use(GuardRules(Exposure.GUARDED, (Span("tcp", 8099, 8099),)))
        self.assertEqual([False, True], [reaches(*way) for way in ways])
        await self.guard.use(GuardRules(Exposure.ALL))
        self.assertEqual([False, True], [reaches(*way) for way in ways])
        with self.there.inside():
            server = socket.create_server((THERE, 5432))
            self.addCleanup(server.close)
        self.there.run(f"ip route replace 172.17.0.0/16 via {HERE}")
        with behind.inside():
            asked = socket.create_connection((THERE, 5432), 2)
        asked.close()
        await self.guard.stop()

    async def test_other_firewall(self) -> None:
        """An accept here does not overrule another table's drop."""
        self.world.namespace.run(
            "nft 'table inet strict { chain input { type filter hook input priority 0; policy drop; }; }'"
        )
        await self.guard.start(GuardRules(Exposure.ALL))
        with self.services(GAME) as services:
            self.assertEqual(set(), self.reached(services))
        await self.guard.stop()
