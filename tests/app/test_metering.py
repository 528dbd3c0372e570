"""Metrics of running services, as Prometheus gets them: over real HTTP, through its own parser."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import attrs
from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock, deferLater
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import SynchronousTestCase, TestCase

from lanrage.app import roles
from lanrage.app.config import AllConfig, ControlConfig, NodeConfig, RelayConfig
from lanrage.app.machinery import Devices
from lanrage.app.metering import Metering
from lanrage.app.metering_config import MeteringSettings
from lanrage.app.reactor_lag import PERIOD
from lanrage.app.role_service import RoleService
from lanrage.core.alert_rules import AlertLimits
from lanrage.core.metric_names import BY_NAME
from lanrage.core.metric_reading import Reading
from lanrage.errors import BadInput, Refused
from lanrage.wire.control import RelayInfo
from tests.app.node_world import PartyCase, Player
from tests.app.test_roles import free_ports
from tests.fakes_targets import URL, WebhookServer
from tests.net.test_metrics_port import ask, request
from tests.wire.test_exposition import read

reactor: Any = _reactor
LISTEN = MeteringSettings("tcp:0:interface=127.0.0.1")
Values = dict[tuple[str, tuple[str, ...]], float]


async def scrape(metering: Metering) -> Values:
    """Ask as Prometheus does; what its parser reads."""
    answer = await deferToThread(ask, metering.port.address.port, request())
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 "), head
    return read(body)


def names(values: Values) -> set[str]:
    """Of the metrics."""
    return {name for name, _ in values}


def of_table(*parts: str) -> set[str]:
    """The table's names that begin so."""
    return {name for name in BY_NAME if name.removeprefix("lanrage_").startswith(parts)}


ALWAYS = of_table("build", "process", "reactor", "sampler", "metrics", "alerts")
"""What every process tells."""


def lost() -> list[Reading]:
    """Ben is lost."""
    return [
        Reading("lanrage_peer_info", ("10.66.0.2", "Ben", "b1"), 1.0),
        Reading("lanrage_peer_lost", ("10.66.0.2",), 1.0),
    ]


class PartyTests(PartyCase):
    """A party of two and its control server, each measured."""

    async def measured(self, sources: dict[str, Any]) -> Metering:
        """What measures them from now on."""
        metering = Metering(reactor, LISTEN, sources)
        metering.startService()
        await metering.started
        self.running.append(metering)
        return metering

    async def of(self, player: Player) -> Metering:
        """A player's."""
        node = player.node
        node.metering = made = await self.measured({"party": node.readings_of_party, "lan": node.readings_of_lan})
        return made

    def test_a_party(self) -> Deferred[None]:
        """The node tells of the other member, the server of both; all names, units and types are the table's."""

        async def life() -> None:
            anna, bert, _, joined = await self.party()
            node = await self.of(anna)
            assert self.server is not None
            server = await self.measured({"control": self.server.readings})
            await self.until(lambda: node.sampler.last.at and server.sampler.last.at)
            node.sampler.look()
            values, who = await scrape(node), (joined["address"],)
            told = [labels[:2] for name, labels in values if name == "lanrage_peer_info"]
            self.assertEqual([(*who, "bert")], told)
            self.assertEqual(1.0, values["lanrage_peer_up", who])
            self.assertEqual(2.0, values["lanrage_party_members", ()])
            self.assertTrue(0.0 < values["lanrage_peer_rtt_seconds", who] < 1.0)
            self.assertEqual(
                of_table("node", "party", "peer", "path", "lan", "guard", "link") | ALWAYS,
                (names(values) - of_table("call")) | {"lanrage_lan_standing"},  # the plane has no other parts here
            )
            values = await scrape(server)
            self.assertEqual(2.0, values["lanrage_control_sessions", ()])
            self.assertEqual(1.0, values["lanrage_control_parties", ()])
            self.assertEqual(1.0, values["lanrage_control_requests_total", ("CreateParty",)])
            self.assertEqual(1.0, values["lanrage_control_requests_total", ("JoinParty",)])
            self.assertGreater(values["lanrage_journal_batches_total", ()], 0.0)
            seldom = {
                "relay_up",
                "refusals_total",
                "connections_refused_total",
                "dropped_messages_total",
                "relay_load_ratio",
                "relay_tcp_dropped_total",
            }
            missing = {f"lanrage_control_{name}" for name in seldom}
            self.assertEqual(of_table("control", "journal") | ALWAYS, names(values) - of_table("call") | missing)
            await self.shown(anna, bert, who[0])

        return self.run_async(life())

    async def shown(self, anna: Player, bert: Player, address: str) -> None:
        """The operations of the node."""
        asked: dict[str, Any] = {"name": "peer_rtt_seconds", "peer": "BERT", "window": 60.0, "history": "minute"}
        shown = await anna.node.show_metrics(**asked)
        (series,) = shown["series"]
        self.assertEqual(({"peer": address}, "seconds"), (series["labels"], series["unit"]))
        self.assertGreaterEqual(series["window"]["count"], 1)
        self.assertEqual({address: "bert"}, shown["names"])
        everything = await anna.node.show_metrics(name="", peer="", window=1.0, history="")
        self.assertGreater(len(everything["series"]), 100)
        for field, wrong in (("name", {"name": "nothing"}), ("peer", {"peer": "eva"})):
            with self.assertRaises(BadInput) as caught:
                await anna.node.show_metrics(**(asked | wrong))
            self.assertEqual(field, caught.exception.field)
        self.assertEqual({"firing": [], "history": []}, await anna.node.show_alerts())
        with self.assertRaises(Refused):
            await bert.node.show_alerts()


class RoleTests(TestCase):
    """The roles as they are made for twistd."""

    timeout = 60

    def setUp(self) -> None:
        """A folder, and ports that nobody has."""
        self.folder = Path(tempfile.mkdtemp(prefix="lanrage-metering-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.stun, self.port = free_ports(2)
        self.control = ControlConfig(self.folder / "state", "tcp:0:interface=127.0.0.1", self.stun)
        self.node = NodeConfig(self.folder / "state", self.folder / "run", Devices("lrt-none0", "auto", "lrt-none1", 0))

    async def scraped(self, service: RoleService) -> set[str]:
        """The metrics' names of a running role; after its stop nobody answers."""
        service.startService()
        self.addCleanup(service.stopService)
        assert service.starting is not None
        await service.starting.settled
        (metering,) = (part for part in service._names if isinstance(part, Metering))
        metering.sampler.look()
        port = metering.port.address.port
        found = names(await scrape(metering)) - of_table("call")
        await service.stopService()
        with self.assertRaises(ConnectionRefusedError):
            await deferToThread(ask, port, request())
        return found

    def test_relay(self) -> Deferred[None]:
        """It tells of itself, of the process, and of nothing else."""

        async def life() -> None:
            config = RelayConfig(b"k" * 32, (self.port, self.port), "127.0.0.1", state_dir=self.folder)
            found = await self.scraped(roles.make(reactor, config, LISTEN))
            self.assertEqual(of_table("relay") | ALWAYS, found | {"lanrage_relay_kernel_lines"})

        return Deferred.fromCoroutine(life())

    def test_all(self) -> Deferred[None]:
        """Every role's, at one address."""

        async def life() -> None:
            control = attrs.evolve(self.control, relays=(RelayInfo("", self.port, self.port),))
            found = await self.scraped(
                roles.make(reactor, AllConfig(control, (self.port, self.port), self.node), LISTEN)
            )
            for name in ("relay_bindings", "control_sessions", "journal_waiting", "node_in_party", "build_info"):
                self.assertIn(f"lanrage_{name}", found)

        return Deferred.fromCoroutine(life())

    def test_usual(self) -> Deferred[None]:
        """Without the option nothing listens; a place that cannot be ends the start."""

        async def life() -> None:
            metering = Metering(reactor, MeteringSettings(), {})
            metering.startService()
            await metering.started
            self.assertIsNone(metering.port.address)
            await metering.stopService()
            wrong = Metering(reactor, MeteringSettings("tcp:0:interface=192.0.2.1"), {})
            wrong.startService()
            with self.assertRaises(BadInput) as caught:
                await wrong.started
            self.assertEqual("metrics-listen", caught.exception.field)
            await wrong.stopService()

        return Deferred.fromCoroutine(life())

    def test_webhook(self) -> Deferred[None]:
        """An alert of this process goes the whole way: readings, rule, log, webhook over TLS."""

        async def life() -> None:
            server = WebhookServer(reactor)
            self.addCleanup(server.close)
            settings = MeteringSettings(limits=AlertLimits(lost_for=0.0), webhook=URL)
            metering = Metering(reactor, settings, {"lost": lost}, agent=server.agent())
            metering.startService()
            metering.sampler.look()
            while not server.posts:
                await deferLater(reactor, 0.01, lambda: None)
            await metering.stopService()
            self.assertEqual(["ALERT: no path reaches Ben (10.66.0.2), who is online"], server.lines)

        return Deferred.fromCoroutine(life())


class ClockTests(SynchronousTestCase):
    """By a clock."""

    def test_time_goes_forward(self) -> None:
        """When somebody sets the machine's clock back, samples do not."""
        clock, wall = Clock(), [1000.0]
        metering = Metering(clock, MeteringSettings(), {}, wall=lambda: wall[0])
        metering.startService()
        times = []
        for set_to in (1001.0, 5.0, 9999.0):
            wall[0] = set_to
            clock.pump([PERIOD] * 4)
            times.append(metering.sampler.last.at)
        self.assertEqual([1001.0, 1002.0, 1003.0], times)
        self.successResultOf(metering.stopService())
        self.assertEqual([], clock.getDelayedCalls())

    def test_started_with_a_wrong_clock(self) -> None:
        """A machine that learns the time from the network: samples follow, a while after."""
        clock, wall = Clock(), [1000.0]
        metering = Metering(clock, MeteringSettings(), {}, wall=lambda: wall[0])
        metering.startService()
        for _ in range(int(62 / PERIOD)):
            wall[0] = 1_790_000_000.0 + clock.seconds()
            clock.advance(PERIOD)
        self.assertLessEqual(abs(wall[0] - metering.sampler.last.at), 1.0)
        self.successResultOf(metering.stopService())

    def test_trouble_is_told(self) -> None:
        """Whoever asks how the role is hears why its history is not kept."""
        metering = Metering(Clock(), MeteringSettings(), {}, Path("nowhere"))
        role = RoleService(Clock(), [metering], list)
        self.assertEqual([], role.troubles())
        assert metering.archive is not None
        metering.archive._trouble = "its disk is full"
        self.assertEqual(["the metrics' history is not on disk now: its disk is full"], role.troubles())

    def test_rendered_once(self) -> None:
        """Who asks a hundred times a second costs one page a second."""
        clock = Clock()
        metering = Metering(clock, MeteringSettings(), {})
        metering.sampler.look()
        pages = [metering._text()[1] for _ in range(3)]
        self.assertTrue(pages[0] is pages[1] is pages[2])
        metering.sampler.look()
        self.assertIsNot(pages[0], metering._text()[1])
