"""A control server behind a router: what it maps, what it says of its reach, and what nodes are told."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

import attrs
from click.testing import CliRunner
from twisted.internet.address import IPv4Address as TcpAddress
from twisted.internet.address import UNIXAddress
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.cli import main
from lanrage.app.config import ControlConfig
from lanrage.app.control_outside import JOURNAL_FILE, REACH_FILE, ControlOutside, read_reach
from lanrage.app.port_mapping import LOOK_S
from lanrage.core.links import LocalAddress
from lanrage.core.mapping import Method
from lanrage.core.reach import Reach
from lanrage.store.backup import start_empty
from lanrage.store.state_folder import StateFolder
from lanrage.store.undo import UndoJournal
from lanrage.wire.control import Reachable
from tests.app.control_node import ControlCase
from tests.fakes_control import NOW, SeededRandom
from tests.fakes_links import MemoryMachine
from tests.fakes_mapping import GATEWAY, MemoryRouter
from tests.fakes_threads import ThreadClock

FRIEND = "198.51.100.7"


@attrs.define
class Visitor:
    """A connection, as far as it is looked at."""

    origin: str


@attrs.define(slots=False)
class MemoryServer:
    """A control server that only listens."""

    address: Any = attrs.field(factory=lambda: TcpAddress("TCP", "0.0.0.0", 7766))
    on_login: list[Callable[[Any], object]] = attrs.field(factory=list)
    told: list[Reach] = attrs.field(factory=list)

    def set_reach(self, reach: Reach) -> None:
        """Remember."""
        self.told.append(reach)

    def visit(self, origin: str) -> None:
        """A node logs in."""
        for observer in self.on_login:
            observer(Visitor(origin))


class OutsideTests(SynchronousTestCase):
    """One server, one router in memory."""

    def setUp(self) -> None:
        """Behind a router that maps by PCP."""
        self.folder = Path(tempfile.mkdtemp(prefix="lanrage-outside-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.clock = ThreadClock()
        self.router = MemoryRouter()
        self.machine = MemoryMachine(gateway=GATEWAY)
        self.server = MemoryServer()

    def start(self, public: str = "", maps: bool = True) -> ControlOutside:
        """With the option or without."""
        outside = ControlOutside(
            self.clock,
            self.server,
            ControlConfig(self.folder, public=public, map_ports=maps),
            (7800, 7863),
            machine=self.machine,
            make=self.router.make,
            now=lambda: NOW + self.clock.seconds(),
            random=SeededRandom(3),
        )
        outside.startService()
        return outside

    def run_for(self, seconds: float) -> None:
        """Let time pass."""
        for _ in range(int(seconds / LOOK_S)):
            self.clock.advance(LOOK_S)

    def stop(self, outside: ControlOutside) -> None:
        """Nothing is left: no mapping, no timer, no entry."""
        self.successResultOf(outside.stopService())
        self.assertEqual(set(), self.router.ports())
        self.assertEqual([], self.clock.getDelayedCalls())
        if (self.folder / JOURNAL_FILE).exists():
            self.assertEqual([], UndoJournal(self.folder / JOURNAL_FILE).entries())

    def test_mapped(self) -> None:
        """Control, reflector and sixteen ports of the relay; likely at first, confirmed by a visitor from outside."""
        outside = self.start()
        self.assertEqual({7766, 3478, *range(7800, 7816)}, self.router.ports())
        reach = self.server.told[-1]
        self.assertEqual(("likely", ("203.0.113.5:7766",), (7800, 7815)), (reach.state, reach.addresses, reach.relay))
        for neighbour in ("", "192.168.1.30", "203.0.113.5", "2001:db8::/64"):
            self.server.visit(neighbour)
        self.run_for(2 * LOOK_S)
        self.assertEqual("likely", self.server.told[-1].state)
        self.server.visit(FRIEND)
        self.assertEqual("confirmed", self.server.told[-1].state)
        self.assertIn(FRIEND, self.server.told[-1].sentence)
        saved = read_reach(self.folder)
        assert saved is not None
        self.assertEqual(self.server.told[-1], saved.reach)
        self.stop(outside)

    def test_other_port(self) -> None:
        """Where the router gives other ports they are told; a relay whose numbers are not kept is not mapped."""
        self.router.shift = 10000
        outside = self.start()
        reach = self.server.told[-1]
        self.assertEqual(("203.0.113.5:17766",), reach.addresses)
        self.assertEqual(("203.0.113.5:13478",), reach.reflectors)
        self.stop(outside)

    def test_unreachable(self) -> None:
        """No router maps: said plainly, with what to do; the check shows it from another process."""
        self.router.methods = ()
        outside = self.start()
        reach = self.server.told[-1]
        self.assertEqual("unreachable", reach.state)
        self.assertIn("forward TCP 7766, UDP 3478, UDP 7800-7863 to 192.168.1.10", reach.advice)
        start_empty(StateFolder(self.folder), NOW)
        result = CliRunner().invoke(main, ["control", "check", "--state-dir", str(self.folder)])
        self.assertIn("Reached from outside: unreachable", result.stdout)
        self.assertIn("--public-address", result.stdout)
        self.stop(outside)

    def test_double_nat(self) -> None:
        """A mapping at a router behind another one is of no use, and is not told to friends."""
        self.router.external = "10.0.0.2"
        outside = self.start()
        self.assertEqual(("unreachable", ()), (self.server.told[-1].state, self.server.told[-1].addresses))
        self.assertIn("double NAT", self.server.told[-1].sentence)
        self.stop(outside)

    def test_router_forgets_and_moves(self) -> None:
        """A router that stops mapping is noticed, and its address goes."""
        outside = self.start()
        self.router.methods = ()
        self.run_for(300)
        self.assertEqual(("unreachable", ()), (self.server.told[-1].state, self.server.told[-1].addresses))
        self.router.methods, self.router.external = (Method.IGD,), "203.0.113.77"
        self.run_for(600)
        self.assertEqual(("203.0.113.77:7766",), self.server.told[-1].addresses)
        self.stop(outside)

    def test_public_machine(self) -> None:
        """A server with a public address maps nothing."""
        self.machine.gateway = attrs.evolve(GATEWAY, source=IPv4Address("203.0.113.9"))
        outside = self.start()
        self.assertEqual([], self.router.asked)
        self.assertEqual("likely", self.server.told[-1].state)
        self.assertIn("firewall", self.server.told[-1].advice)
        self.server.visit("203.0.113.9")
        self.assertEqual("likely", self.server.told[-1].state, "this machine's own node proves nothing")
        self.server.visit(FRIEND)
        self.assertEqual("confirmed", self.server.told[-1].state)
        self.stop(outside)

    def test_own_node(self) -> None:
        """Where no port is mapped either, a node on one of this machine's own addresses is not outside."""
        network = IPv4Network("203.0.113.0/24")
        self.machine.addresses = [LocalAddress("eth1", 3, IPv4Address("203.0.113.9"), network, True)]
        outside = self.start(public="play.example.org:7766", maps=False)
        self.server.visit("203.0.113.9")
        self.assertEqual(["claimed"], [reach.state for reach in self.server.told])
        self.server.visit(FRIEND)
        self.assertEqual("confirmed", self.server.told[-1].state)
        self.stop(outside)

    def test_off(self) -> None:
        """Switched off nothing is asked; what the operator says is told to nodes all the same."""
        outside = self.start(public="play.example.org:7766", maps=False)
        self.assertEqual(
            ("claimed", ("play.example.org:7766",)), (self.server.told[0].state, self.server.told[0].addresses)
        )
        self.assertEqual([], self.router.asked)
        self.stop(outside)
        self.server.told.clear()
        self.stop(self.start(maps=False))
        self.assertEqual([], self.server.told)

    def test_loopback(self) -> None:
        """Behind a proxy on this machine there is nothing to map; nodes are told where the proxy is."""
        for address in (TcpAddress("TCP", "127.0.0.1", 7766), UNIXAddress(b"/run/x")):
            self.server.address = address
            self.stop(self.start())
            self.assertEqual([], self.server.told)
            self.stop(self.start("play.example.org:443"))
            self.assertEqual(("play.example.org:443",), self.server.told.pop().addresses)
        self.assertEqual([], self.router.asked)

    def test_after_a_crash(self) -> None:
        """What the last run left is removed at the start, then mapped anew."""
        self.start()
        before = dict(self.router.mapped)
        crashed, self.clock = self.clock, ThreadClock()
        del crashed
        outside = self.start()
        self.assertEqual(18, [what for _, what, _ in self.router.asked].count("unmap"))
        self.assertEqual(before.keys(), self.router.mapped.keys())
        self.stop(outside)

    def test_damaged_file(self) -> None:
        """A judgement that cannot be read is none."""
        (self.folder / REACH_FILE).write_bytes(b"rubbish")
        (self.folder / REACH_FILE).chmod(0o600)
        self.assertIsNone(read_reach(self.folder))


class ToldTests(ControlCase):
    """Nodes hear of it."""

    def test_told(self) -> Deferred[None]:
        """Who is logged in gets a notice, who logs in later the same; the relay's ports are those that are mapped."""

        async def life() -> None:
            service = await self.serve()
            came: list[str] = []
            service.on_login.append(lambda connection: came.append(connection.session))
            early = await self.node("early", service)
            reach = Reach("likely", "", "", ("203.0.113.5:40000",), ("203.0.113.5:40001",), (1, 4))
            service.set_reach(reach)
            await self.until(lambda: Reachable(reach.addresses) in early.notices)
            late = await self.node("late", service)
            info = late.link.server_info
            assert info is not None
            self.assertEqual(reach.addresses, info.addresses)
            self.assertEqual(("127.0.0.1:3478", "203.0.113.5:40001"), info.reflectors)
            self.assertEqual([("127.0.0.1", 1, 4)], [(each.host, each.first, each.last) for each in info.relays])
            self.assertEqual("likely", service.status()["reach"])
            await self.until(lambda: len(came) == 2)

        return self.run_async(life())
