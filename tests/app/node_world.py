"""Whole nodes in one process: machines in memory (:mod:`tests.fakes_underlay`), a real control server on loopback."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Coroutine
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Network
from pathlib import Path
from typing import Any

import attrs
from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from lanrage.app.config import NodeConfig
from lanrage.app.control import ControlService, ControlSettings
from lanrage.app.desktop_config import DesktopSettings
from lanrage.app.guarding import Guarding
from lanrage.app.lan import LanPlane
from lanrage.app.lan_config import LanSettings
from lanrage.app.links import Links
from lanrage.app.machinery import Devices
from lanrage.app.node import NodeService
from lanrage.app.party_channel import ChannelPort
from lanrage.core.links import Endpoint, LocalAddress
from lanrage.core.play_ports import PlayPorts, Source
from lanrage.errors import BadInput, LanrageError
from lanrage.interfaces import IMachine, IProbePort, ITunnel, IUndoJournal
from lanrage.net.rights import Rights
from lanrage.wire.control import RelayInfo
from tests.fakes_doctor import MemoryEcho
from tests.fakes_games import no_games
from tests.fakes_guard import MemoryGuard
from tests.fakes_lan import MemoryCard, MemoryPort
from tests.fakes_links import MemoryEvents, MemoryMachine
from tests.fakes_rooms import MemoryRoom
from tests.fakes_running_games import MemoryMarks
from tests.fakes_underlay import Host, InsidePort, Underlay, UnderlayPort, UnderlayTunnel

reactor: Any = _reactor
WAIT = 60.0
"""Seconds for anything to happen, on a busy machine."""
ALL_RIGHTS = Rights(True, True, True, True, True, True)
REFLECTOR = Endpoint("203.0.113.251", 3478)
RELAY = RelayInfo("203.0.113.250", 7800, 7803)


@attrs.define(eq=False)
class MemoryMachinery:
    """What a node makes on its machine, in memory.

    :ivar refuses: raised by the check before a party is entered.
    :ivar broken: raised when the tunnel is made.
    :ivar standing: how many cards and tunnels stand now.
    """

    underlay: Underlay
    host: Host
    devices: Devices
    memory: MemoryMachine
    events: MemoryEvents = attrs.field(factory=MemoryEvents)
    ports: PlayPorts = attrs.field(factory=PlayPorts)
    guard: MemoryGuard = attrs.field(factory=MemoryGuard)
    marks: MemoryMarks = attrs.field(factory=MemoryMarks)
    echoes: MemoryEcho = attrs.field(factory=MemoryEcho)
    refuses: LanrageError | None = None
    broken: Exception | None = None
    cards: list[MemoryCard] = attrs.field(factory=list)
    tunnels: list[UnderlayTunnel] = attrs.field(factory=list)
    rooms: list[MemoryRoom] = attrs.field(factory=list)

    @property
    def machine(self) -> IMachine:
        """See :class:`lanrage.app.machinery.Machinery`."""
        machine: IMachine = self.memory
        return machine

    @machine.setter
    def machine(self, _machine: IMachine) -> None:
        raise AssertionError("nobody sets it")

    def check(self) -> None:
        """See :meth:`lanrage.app.machinery.Machinery.check`."""
        if self.refuses is not None:
            raise self.refuses

    def use(self, lan: LanSettings) -> None:
        """See :meth:`lanrage.app.machinery.Machinery.use`."""
        self.devices = attrs.evolve(self.devices, lan=lan)
        self.ports.put(Source.USER, "lan.ports", lan.ports, "named")

    def guarding(self) -> Guarding:
        """See :meth:`lanrage.app.machinery.Machinery.guarding`."""
        return Guarding(self.devices.lan.exposure, self.ports, self.guard)

    async def tunnel(self) -> ITunnel:
        """See :meth:`lanrage.app.machinery.Machinery.tunnel`."""
        if self.broken is not None:
            raise self.broken
        self.tunnels.append(UnderlayTunnel(self.underlay, self.host, self.devices.tunnel))
        made: ITunnel = self.tunnels[-1]
        return made

    def probe_port(self) -> IProbePort:
        """See :meth:`lanrage.app.machinery.Machinery.probe_port`."""
        port: IProbePort = UnderlayPort(self.underlay, self.host)
        return port

    def network_events(self) -> MemoryEvents:
        """See :meth:`lanrage.app.machinery.Machinery.network_events`."""
        return self.events

    def spare_port(self) -> IProbePort:
        """See :meth:`lanrage.app.machinery.Machinery.spare_port`; nothing goes out of it."""
        port: IProbePort = UnderlayPort(self.underlay, self.underlay.host("192.0.2.9"))
        return port

    def punch_kit(self) -> None:
        """See :meth:`lanrage.app.machinery.Machinery.punch_kit`."""

    def party_port(self, address: IPv4Interface) -> ChannelPort:
        """See :meth:`lanrage.app.machinery.Machinery.party_port`."""
        del address
        return InsidePort(self.host)

    def game_marks(self) -> MemoryMarks:
        """See :meth:`lanrage.app.machinery.Machinery.game_marks`."""
        return self.marks

    def echo(self) -> MemoryEcho:
        """See :meth:`lanrage.app.machinery.Machinery.echo`."""
        return self.echoes

    def port_mapping(self, links: Links, random: Callable[[int], bytes]) -> None:
        """The world has no router that maps ports."""

    def room_card(self) -> MemoryRoom:
        """See :meth:`lanrage.app.machinery.Machinery.room_card`."""
        self.rooms.append(MemoryRoom())
        return self.rooms[-1]

    def lan_plane(self, address: IPv4Interface, nonce: int, prefix: IPv6Network | None = None) -> LanPlane:
        """See :meth:`lanrage.app.machinery.Machinery.lan_plane`."""
        self.cards.append(MemoryCard(self.devices.card))
        return LanPlane(reactor, self.cards[-1], MemoryPort(), address, nonce, prefix=prefix)

    @property
    def standing(self) -> tuple[list[str], list[str]]:
        """Addresses of the cards that are open, and devices that exist."""
        cards = [str(card.opened) for card in self.cards if card.opened is not None]
        return cards, [name for host, name in self.underlay.world.devices if host == self.host.inner]


class Player:
    """One machine with a node, which may be started and stopped again and again on the same folder."""

    def __init__(self, case: NodeCase, name: str, number: int) -> None:
        self.case, self.name = case, name
        self.folder = case.folder / name
        self.rights = ALL_RIGHTS
        self.desktop = DesktopSettings()
        host = case.underlay.host(f"198.51.100.{number}")
        own = LocalAddress("eth0", 2, IPv4Address(host.inner), IPv4Network(f"{host.inner}/24", strict=False), True)
        self.machinery = MemoryMachinery(case.underlay, host, Devices(port=51820), MemoryMachine([own]))
        self.node = self.make()

    def make(self) -> NodeService:
        """A node that is not started."""
        devices = self.machinery.devices
        config = NodeConfig(self.folder / "state", self.folder / "run", devices, self.case.server_address)
        config = attrs.evolve(config, desktop=self.desktop)
        return NodeService(reactor, config, machinery=self._machinery, rights=self._rights, profiles=no_games)

    def _machinery(self, _reactor: Any, devices: Devices, journal: IUndoJournal) -> MemoryMachinery:
        assert devices == self.machinery.devices
        return self.machinery

    async def _rights(self, _reactor: Any) -> Rights:
        return self.rights

    async def start(self) -> Player:
        """Start the node."""
        self.node = self.make()
        self.node.startService()
        self.case.running.append(self.node)
        await self.node.started
        return self

    async def stop(self) -> None:
        """Stop the node; nothing of it is left on the machine."""
        self.case.running.remove(self.node)
        await self.node.stopService()
        self.case.assertEqual(([], []), self.machinery.standing)
        self.case.assertEqual({}, self.machinery.memory.routes)

    async def create(self, **wishes: Any) -> dict[str, Any]:
        """Found a party at the server."""
        usual = {"server": "", "max_members": 4, "expires_hours": 1.0, "uses": 4}
        usual |= {"takeover": "delay", "takeover_hours": 72.0}
        return await self.node.create_party("LAN on Friday", member_name=self.name, **(usual | wishes))

    async def join(self, code: str, name: str = "") -> dict[str, Any]:
        """Join by a code."""
        return await self.node.join_party(code, member_name=name or self.name)

    async def paths(self) -> dict[str, str]:
        """The path to each other member; ``none`` until its length is known and both ends agreed on it, too."""
        shown = await self.node.show_party()
        others = [member for member in shown["members"] if not member["me"]]
        known = [member for member in others if member["rtt_ms"] is not None and member["moves"]]
        return {member["name"]: "none" for member in others} | {member["name"]: member["path"] for member in known}


class NodeCase(TestCase):
    """A control server, a reflector, a relay, and players."""

    timeout = 60

    def setUp(self) -> None:
        """An empty world."""
        self.folder = Path(tempfile.mkdtemp(prefix="lanrage-node-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.underlay = Underlay(reactor, 0.002)
        self.underlay.reflector(REFLECTOR)
        self.running: list[Any] = []
        self.players: list[Player] = []
        self.server: ControlService | None = None
        self.server_address = "127.0.0.1:1"
        self.addCleanup(self.underlay.close)
        self.addCleanup(self._stop_all)

    def _stop_all(self) -> Deferred[None]:
        async def stop() -> None:
            for service in reversed(self.running):
                await service.stopService()

        return Deferred.fromCoroutine(stop())

    async def serve(self, port: int = 0) -> ControlService:
        """Start the control server; again on the same port after :meth:`unserve`."""
        settings = ControlSettings(
            self.folder / "server", f"tcp:{port}:interface=127.0.0.1", (str(REFLECTOR),), (RELAY,)
        )
        self.server = server = ControlService(reactor, settings)
        server.startService()
        await server.started
        self.running.insert(0, server)
        if not port:
            self.server_address = f"127.0.0.1:{server.address.port}"
            assert server.key is not None
            self.underlay.relay(RELAY.host, RELAY.first, RELAY.last, server.key.public, time.time)
        return server

    async def unserve(self) -> None:
        """Stop the control server."""
        assert self.server is not None
        self.running.remove(self.server)
        await self.server.stopService()

    async def player(self, name: str, number: int) -> Player:
        """A machine with a running node."""
        self.players.append(Player(self, name, number))
        return await self.players[-1].start()

    async def until(self, condition: Callable[[], Any]) -> None:
        """Wait for an event."""
        deadline = time.monotonic() + WAIT
        while True:
            result = condition()
            if hasattr(result, "__await__"):
                result = await result
            if result:
                return
            if time.monotonic() > deadline:
                self.fail("it did not happen in time")
            await deferLater(reactor, 0.01, lambda: None)

    async def fails(self, kind: type[LanrageError], code: str, work: Any) -> str:
        """The work fails with this error; its sentence."""
        try:
            await work
        except kind as error:
            self.assertEqual(code, error.code)
            return str(error)
        raise AssertionError("it did not fail")

    def run_async(self, work: Coroutine[Any, Any, None]) -> Deferred[None]:
        """Run a test."""
        return Deferred.fromCoroutine(work)


class PartyCase(NodeCase):
    """Anna's party, which Bert joins."""

    async def party(self) -> tuple[Player, Player, dict[str, Any], dict[str, Any]]:
        """Anna's party, which Bert has joined, with the path between them up."""
        await self.serve()
        anna, bert = await self.player("anna", 1), await self.player("bert", 2)
        created = await anna.create()
        joined = await bert.join(created["code"])
        await self.until_paths(anna, bert)
        return anna, bert, created, joined

    async def until_countersigned(self, *players: Player) -> None:
        """Wait until everybody whom these players see is a full member in their eyes."""

        async def full() -> bool:
            shown = [member for player in players for member in (await player.node.show_party())["members"]]
            return all(member["standing"] == "full" for member in shown)

        await self.until(full)

    async def until_paths(self, *players: Player) -> None:
        """Every pair is directly connected."""

        async def direct() -> bool:
            paths = [path for player in players for path in (await player.paths()).values()]
            return len(paths) == len(players) * (len(players) - 1) and set(paths) == {"direct"}

        await self.until(direct)


def taken(field: str) -> BadInput:
    """What the check before entering says of a taken port."""
    return BadInput(field, "it is in use by another program")
