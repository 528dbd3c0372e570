"""The party firewall in real namespaces: what a member reaches in each setting, and what becomes of the table."""

from __future__ import annotations

import contextlib
import itertools
import select
import socket
import struct
from collections.abc import Iterator

import pytest
from twisted.internet.task import deferLater
from twisted.trial.unittest import SynchronousTestCase, TestCase

from lanrage.core.exposure import Exposure, GuardRules
from lanrage.core.play_ports import Span, parse_spans
from lanrage.core.undo import GUARD, UndoEntry
from lanrage.errors import LanrageError
from lanrage.net.guard import Guard, GuardTable, check_guard, remove_guard
from lanrage.net.nft_events import tells_removal
from lanrage.net.undo import undo_all
from lanrage.wire.guard_ruleset import table_name
from tests.fakes_links import MemoryJournal
from tests.lan_hosts import wait_for
from tests.namespaces import Namespace, join
from tests.real_links import RealNamespace

TUNNEL, CARD = "lrt-tun0", "lrt-card0"
HERE, THERE = "10.66.0.1", "10.66.0.2"
HERE6, THERE6 = "fd66::1", "fd66::2"
NEVER_S = 0.12
"""A packet between two namespaces of one machine takes microseconds; what is not there by then was dropped."""
SSH, DATABASE, CACHE, GAME, UNKNOWN, NAMED = 22, 5432, 11211, 27960, 31337, 5900
PORTS = (SSH, DATABASE, CACHE, GAME, UNKNOWN, NAMED)
PLAY = parse_spans("27960-27963", "test")
WANTED = parse_spans("5900", "test")
OPEN = {
    Exposure.GUARDED: {GAME, UNKNOWN, NAMED},
    Exposure.GAMES: {GAME, NAMED},
    Exposure.ALL: set(PORTS),
}
"""What a member reaches by TCP, over IPv4 and IPv6; by UDP the same, and there nobody keeps a database's port."""
TRIED = tuple(itertools.product((socket.AF_INET, socket.AF_INET6), (socket.SOCK_STREAM, socket.SOCK_DGRAM), PORTS))



def open_in(exposure: Exposure) -> set[tuple[int, int, int]]:
    """What a member reaches in a setting."""
    found = {each for each in TRIED if each[2] in OPEN[exposure]}
    if exposure is Exposure.GUARDED:
        found |= {each for each in TRIED if each[1:] == (socket.SOCK_DGRAM, DATABASE)}
    return found


ECHO = {socket.AF_INET: (socket.IPPROTO_ICMP, 8, 0, HERE), socket.AF_INET6: (socket.IPPROTO_ICMPV6, 128, 129, HERE6)}
"""Protocol, request, reply, target."""

real = pytest.mark.needs("root", "ip", "nft")


class EventTests(SynchronousTestCase):
    """What the kernel's notifications say."""

    def test_removals(self) -> None:
        """Of a table, a chain, a rule; anything else, and bytes that are no message, say nothing."""

        def message(kind: int, length: int = 20) -> bytes:
            return length.to_bytes(4, "little") + kind.to_bytes(2, "little") + bytes(14)

        for kind in (0xA02, 0xA05, 0xA08):
            self.assertTrue(tells_removal(message(0xA00) + message(kind)))
        for data in (b"", b"\x01", message(0xA00), message(0xA0B), message(0xA00, 3) + message(0xA02)):
            self.assertFalse(tells_removal(data))


@real
class TestGuard(TestCase):
    """A machine with a tunnel's stand-in to a member's machine."""

    timeout = 60

    def setUp(self) -> None:
        """Build them."""
        from twisted.internet import reactor

        self.world = RealNamespace(reactor)
        self.addCleanup(self.world.leave)
        self.there = Namespace()
        self.addCleanup(self.there.close)
        self.tunnel = self.cable()
        self.journal = MemoryJournal()
        self.guard = self.make()

    def cable(self) -> None:
        """The device appears."""
        join(self.world.namespace, TUNNEL, self.there, "eth0")
        for space, device, own, own6 in (
            (self.world.namespace, TUNNEL, HERE, HERE6),
            (self.there, "eth0", THERE, THERE6),
        ):
            space.run(f"ip addr add {own}/24 dev {device}; ip addr add {own6}/64 dev {device} nodad")

    def make(self) -> Guard:
        """A guard of the device."""
        return Guard(self.world.reactor, GuardTable(TUNNEL, CARD, self.journal))

    def ruleset(self) -> str:
        """All tables here."""
        return self.world.namespace.run("nft list ruleset")

    @contextlib.contextmanager
    def services(self, *ports: int) -> Iterator[dict[tuple[int, int, int], socket.socket]]:
        """Sockets on all addresses here."""
        with contextlib.ExitStack() as stack:
            found = {}
            for family, kind, port in TRIED:
                if port in ports:
                    made = stack.enter_context(socket.socket(family, kind))
                    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    if family == socket.AF_INET6:
                        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                    made.bind(("", port))
                    if kind == socket.SOCK_STREAM:
                        made.listen()
                    made.setblocking(False)
                    found[family, kind, port] = made
            yield found

    def member(self, family: int, kind: int) -> socket.socket:
        """A socket of the member."""
        with self.there.inside():
            made = socket.socket(family, kind)
        self.addCleanup(made.close)
        made.settimeout(NEVER_S)
        return made

    def reached(self, services: dict[tuple[int, int, int], socket.socket]) -> set[tuple[int, int, int]]:
        """Which services the member reaches."""
        for family, kind, port in services:
            client = self.member(family, kind)
            client.setblocking(False)
            client.connect_ex((HERE if family == socket.AF_INET else HERE6, port))
            if kind == socket.SOCK_DGRAM:
                client.send(b"hello")
        found = set()
        while ready := select.select(list(services.values()), [], [], NEVER_S)[0]:
            for key, service in services.items():
                if service in ready:
                    found.add(key)
                    if key[1] == socket.SOCK_STREAM:
                        service.accept()[0].close()
                    else:
                        service.recv(99)
        return found

    def echoes(self, family: int) -> bool:
        """Whether the member's ping is answered."""
        protocol, request, reply, target = ECHO[socket.AddressFamily(family)]
        with self.there.inside():
            pinger = socket.socket(family, socket.SOCK_RAW, protocol)
        self.addCleanup(pinger.close)
        pinger.settimeout(2)
        body = struct.pack("!BBHHH", request, 0, 0, 7, 1)
        check = sum(struct.unpack("!4H", body))
        pinger.sendto(body[:2] + struct.pack("!H", ~check & 0xFFFF) + body[4:], (target, 0))
        with contextlib.suppress(TimeoutError):
            while True:
                heard = pinger.recv(99)[20 if family == socket.AF_INET else 0 :]
                if heard[0] == reply:
                    return True
        return False

    async def eventually(self, seen: object) -> None:
        """Let the reactor run until it is so."""
        for _ in range(500):
            if seen():  # type: ignore[operator]
                return
            await deferLater(self.world.reactor, 0.01)
        self.fail("it did not come")

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
        for port in (4666, 7767):
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

    async def test_flushed(self) -> None:
        """A firewall that is loaded anew flushes all tables: the guard is back at once, with what it counted."""
        await self.guard.start(GuardRules(Exposure.GUARDED))
        before = self.ruleset()
        self.assertIn(table_name(TUNNEL), before)
        await self.guard.look()
        self.world.namespace.run("nft flush ruleset")
        await self.eventually(lambda: table_name(TUNNEL) in self.ruleset())
        self.world.namespace.run(f"nft flush chain inet {table_name(TUNNEL)} input")
        await self.eventually(lambda: self.ruleset() == before)
        await self.eventually(lambda: self.guard.restored == 2)
        await self.guard.stop()
        self.flushLoggedErrors()
        self.assertEqual(("", []), (self.ruleset(), self.journal.entries()))

    async def test_crash(self) -> None:
        """After a crash the table stands as long as its device; the next start takes its place, and removes it."""
        table = GuardTable(TUNNEL, CARD, self.journal)
        table.make(GuardRules(), frozenset())
        entry = UndoEntry(GUARD, table_name(TUNNEL), TUNNEL)
        self.assertEqual([entry], self.journal.entries())
        self.assertEqual(0, await undo_all(self.world.reactor, self.journal))
        await self.guard.start(GuardRules())
        await self.guard.stop()
        self.assertEqual(("", []), (self.ruleset(), self.journal.entries()))
        table.make(GuardRules(), frozenset())
        with self.assertRaisesRegex(LanrageError, "still stands"):
            remove_guard(entry)
        self.world.namespace.run(f"ip link del {TUNNEL}")
        self.assertEqual(1, await undo_all(self.world.reactor, self.journal))
        self.assertEqual(("", []), (self.ruleset(), self.journal.entries()))

    async def test_forwards(self) -> None:
        """A member gets into no network behind this machine, nor to a container, but where a part of ours lets it.

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
        self.assertEqual([True, True], [reaches(*way) for way in ways])
        await self.guard.use(GuardRules(Exposure.GAMES))
        self.assertEqual([True, True], [reaches(*way) for way in ways])
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

    async def test_refused(self) -> None:
        """Where nftables refuses, the start fails with its words and nothing is left."""
        guard = Guard(self.world.reactor, GuardTable("x" * 20, CARD, self.journal))
        with self.assertRaisesRegex(LanrageError, "1 to 15"):
            await guard.start(GuardRules())
        await guard.stop()
        self.assertEqual(("", []), (self.ruleset(), self.journal.entries()))

    def test_check(self) -> None:
        """Where nftables is, the check is silent."""
        check_guard()
        wait_for("nothing", lambda: True)
