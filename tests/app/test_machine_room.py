"""What a control server or relay that runs alone offers its operator, and that it goes by its live settings at once."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, cast

import attrs
from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.logger import ILogObserver, globalLogPublisher
from twisted.trial.unittest import TestCase
from zope.interface.verify import verifyObject

from lanrage.app import roles
from lanrage.app.api import ApiService
from lanrage.app.caller import Caller
from lanrage.app.client import NodeClient
from lanrage.app.config import AllConfig, Config, ControlConfig, NodeConfig, RelayConfig
from lanrage.app.control import ControlService
from lanrage.app.machine_room import MachineRoom
from lanrage.app.machinery import Devices
from lanrage.app.node import NodeService
from lanrage.app.operations import OPERATIONS, perform
from lanrage.app.operations_machine_room import IMachineRoom
from lanrage.app.profiler import Profiler
from lanrage.app.relay import RelayPlan, RelayService
from lanrage.app.role_service import RoleService
from lanrage.app.settings_live import CONTROL_LIVE, NOTIFY_LIVE, RELAY_LIVE, steer_control
from lanrage.app.settings_start import Start
from lanrage.core.setting import ALL, CONTROL, NODE, PLAYER, RELAY, SERVING
from lanrage.core.settings_order import Given
from lanrage.core.settings_schema import of_role
from lanrage.errors import BadInput, MissingRight, Refused, StoreError
from lanrage.logs import set_level
from lanrage.logs.configure import get_level
from lanrage.store.settings import HELD_BY_ANOTHER, LOCK, SettingsFile
from lanrage.wire.control import CreateParty
from tests.app.control_node import ControlCase, Node
from tests.app.test_roles import free_ports
from tests.fakes_control import PartyKit

reactor: Any = _reactor
TOKEN = "the token of the club"


def told_to_change(**values: str) -> dict[str, Any]:
    """Arguments of ``settings.set``; two underscores are the dot."""
    return {"values": {name.replace("__", "."): text for name, text in values.items()}}


def start_of(role: str, folder: Path) -> Start:
    """As a role starts that is told no more than it must be."""
    start = Start.plain(folder, role)
    return attrs.evolve(start, given=Given({"relay.server_key": "ab" * 32} if role == RELAY else {}))


def part_of(role: RoleService, kind: type[Any]) -> Any:
    """Its only part of this kind."""
    [part] = [part for part in role._names if isinstance(part, kind)]
    return part


Refusal = Callable[[str, dict[str, Any]], Awaitable[None]]


class RoomTests(TestCase):
    """One room, without a role around it."""

    def setUp(self) -> None:
        """A control server's room."""
        self.folder = Path(tempfile.mkdtemp(prefix="lanrage-room-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.room = MachineRoom(reactor, Start.plain(self.folder / "state", CONTROL))

    async def running(self) -> None:
        """The room runs, until the test ends."""
        self.room.startService()
        self.addCleanup(self.room.stopService)
        await self.room.started

    def test_it_is_one(self) -> None:
        """It has all that every role's process offers, and every such row of the table has its method there."""
        verifyObject(IMachineRoom, self.room)
        everywhere = [row for row in OPERATIONS.values() if row.roles == SERVING]
        self.assertEqual([row.name for row in everywhere if row.method not in IMachineRoom.names(all=True)], [])
        self.assertEqual({row.roles for row in OPERATIONS.values()}, {SERVING, PLAYER})
        names = {row.name.partition(".")[0] for row in everywhere}
        self.assertEqual(names, {"alerts", "logs", "metrics", "notify", "profile", "settings", "tasks"})

    async def test_what_a_node_does(self) -> None:
        """Is refused by name, with what runs here, whatever the arguments; what no process does is still unknown."""
        for row in OPERATIONS.values():
            if row.roles == SERVING:
                continue
            with self.assertRaises(Refused) as caught:
                await perform(self.room, row.name, {"what": "ever"})
            told = f"this process runs control only; {row.name} is done by a node"
            self.assertEqual((caught.exception.code, str(caught.exception)), ("other_role", told))
        with self.assertRaises(BadInput):
            await perform(self.room, "party.eat", {})

    async def test_settings_are_held(self) -> None:
        """The file is this process's while it runs, in a folder that was not there; then it is free."""
        await self.running()
        other = SettingsFile(self.folder / "state")
        self.assertEqual(other.hold(), HELD_BY_ANOTHER)
        await perform(self.room, "settings.set", told_to_change(control__registration="closed"))
        self.assertEqual(dict(other.load().values), {"control.registration": "closed"})
        self.room.stopService()
        self.assertEqual(other.hold(), "")
        other.release()

    async def test_no_folder(self) -> None:
        """A folder that cannot be made is no reason not to start."""
        (self.folder / "state").write_text("")
        await self.running()
        self.assertEqual((await perform(self.room, "tasks", {}))["plans"], [])

    async def test_held_later(self) -> None:
        """Why they are not held is told as it is, and once; as soon as they can be they are."""
        (self.folder / "state").write_text("")
        told: list[str] = []

        def hear(event: Any) -> None:
            if "are not held" in event.get("log_format", ""):
                told.append(event["why"])

        observer = cast(ILogObserver, hear)
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)
        await self.running()
        change = told_to_change(control__registration="closed")
        with self.assertRaises(StoreError):
            await perform(self.room, "settings.set", change)
        self.assertEqual(told, [f"{self.folder / 'state' / LOCK} cannot be opened: Not a directory"])
        (self.folder / "state").unlink()
        await perform(self.room, "settings.set", change)
        self.assertEqual(SettingsFile(self.folder / "state").hold(), HELD_BY_ANOTHER)

    async def test_members_of_the_group(self) -> None:
        """At a node's socket they change what is theirs; of a server beside it they change nothing, in no way."""
        self.room = MachineRoom(reactor, Start.plain(self.folder / "state", ALL))
        await self.running()
        guest, own = Caller(os.geteuid() + 1, lambda: None), Caller(os.geteuid(), lambda: None)
        closed = told_to_change(control__registration="closed", lan__card="x")
        toml = {"toml": '[control]\nregistration = "closed"\n'}

        async def refused(op: str, args: dict[str, Any]) -> None:
            with self.assertRaisesRegex(MissingRight, "control.registration is changed by root and by the user"):
                await perform(self.room, op, args, caller=guest)

        await refused("settings.set", closed)
        await refused("settings.import", toml)
        self.assertEqual(dict(SettingsFile(self.folder / "state").load().values), {})
        await perform(self.room, "settings.save", {"set_name": "open"}, caller=own)
        await perform(self.room, "settings.set", closed, caller=own)
        for op, args in (("reset", {}), ("activate", {"set_name": "open"}), ("import", {"toml": "", "replace": True})):
            await refused(f"settings.{op}", args)
        await self.guest_keeps_sets(refused, guest, own)
        await perform(self.room, "settings.set", told_to_change(lan__card="y"), caller=guest)
        stored = dict(SettingsFile(self.folder / "state").load().values)
        self.assertEqual(stored, {"control.registration": "closed", "lan.card": "y"})

    async def guest_keeps_sets(
        self, refused: Callable[[str, dict[str, Any]], Awaitable[None]], guest: Caller, own: Caller
    ) -> None:
        """A set that has the server's values is neither replaced nor deleted by a guest; own ones are."""
        await perform(self.room, "settings.save", {"set_name": "closed"}, caller=own)
        await refused("settings.save", {"set_name": "open"})
        await refused("settings.delete", {"set_name": "closed"})
        await perform(self.room, "settings.save", {"set_name": "closed"}, caller=guest)
        await perform(self.room, "settings.delete", {"set_name": "open"}, caller=guest)
        sets = SettingsFile(self.folder / "state").load().sets
        self.assertEqual(({"main", "closed"}, "closed"), (set(sets), sets["closed"]["control.registration"]))

    async def test_profiling_ends_with_it(self) -> None:
        """A profiler that an operator forgot does not outlive the service."""
        await self.running()
        asked = {"mode": "deterministic", "minutes": 1}
        self.assertTrue((await perform(self.room, "profile.on", asked))["on"])
        self.room.stopService()
        self.assertFalse(cast(Profiler, self.room._profiler_made).on)

    async def test_log_level(self) -> None:
        """Counts at once, as a node's does."""
        self.addCleanup(set_level, get_level())
        await self.running()
        await perform(self.room, "settings.set", told_to_change(log__level="warning,lanrage.net=debug"))
        self.assertEqual(get_level(), "warning,lanrage.net=debug")


class RegistrationTests(ControlCase):
    """A control server whose operator changes who may found parties."""

    def founding(self, node: Node, number: int, token: str = "") -> CreateParty:
        """A request for a party of one's own."""
        kit = PartyKit.make(f"party {number}", now=time.time() - 10)
        return CreateParty(kit.charter_blob, kit.certificate(node.keys, "host", "10.66.0.1", now=time.time()), token)

    def test_registration(self) -> Deferred[None]:
        """Closed, by token, open again: each counts for who is connected already."""

        async def life() -> None:
            service = await self.serve()
            room = MachineRoom(reactor, Start.plain(self.folder, CONTROL))
            steer_control(room.settings, service)
            node = await self.node("host", service)
            told = await perform(room, "settings.set", told_to_change(control__registration="closed"))
            self.assertEqual([each["restart"] for each in told["changed"]], [False])
            await self.refused("registration_closed", node.link.request(self.founding(node, 1)))
            file = self.folder / "token"
            file.write_text(TOKEN + "\n")
            by_token = told_to_change(control__registration="token", control__registration_token_file=str(file))
            self.assertEqual((await perform(room, "settings.set", by_token))["trouble"], "")
            await self.refused("bad_token", node.link.request(self.founding(node, 1)))
            await node.link.request(self.founding(node, 1, TOKEN))
            other = "another-" + TOKEN
            file.write_text(other + "\n")
            told = await perform(room, "settings.set", by_token)  # the same file again: it is read anew
            self.assertEqual((told["changed"], told["trouble"]), ([], ""))
            await self.refused("bad_token", node.link.request(self.founding(node, 2, TOKEN)))
            file.write_text(TOKEN + "\n")
            with self.assertRaises(BadInput):  # a token without its rule: the next start would not take it
                await perform(room, "settings.set", told_to_change(control__registration="open"))
            await self.refused("bad_token", node.link.request(self.founding(node, 2)))
            await perform(room, "settings.reset", {})
            await node.link.request(self.founding(node, 2))

        return self.run_async(life())


class LiveTests(TestCase):
    """Relays, and the roles as they are put together."""

    def setUp(self) -> None:
        """A folder."""
        self.folder = Path(tempfile.mkdtemp(prefix="lanrage-room-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.control = ControlConfig(self.folder / "state", "tcp:0:interface=127.0.0.1", 1)
        self.relay = RelayConfig(b"k" * 32, (1, 1), "127.0.0.1", state_dir=self.folder)
        devices = Devices("lrt-none0", "auto", "lrt-none1", 0)
        self.node = NodeConfig(self.folder / "state", self.folder / "run", devices)
        self.configs: dict[str, Config] = {
            CONTROL: self.control,
            RELAY: self.relay,
            NODE: self.node,
            ALL: AllConfig(self.control, (1, 1), self.node),
        }

    def role(self, name: str) -> RoleService:
        """A role's parts, none of them started."""
        return roles.make(reactor, self.configs[name], settings=start_of(name, self.folder))

    async def change(self, asked: Any) -> None:
        """An operator changes a relay."""
        values = told_to_change(
            relay__region="eu", relay__drain="0.5", relay__full_load="1000", relay__mode="userspace"
        )
        told = await perform(asked, "settings.set", values)
        restart = {each["name"]: each["restart"] for each in told["changed"]}
        self.assertEqual({name for name, later in restart.items() if later}, {"relay.mode"})
        self.assertEqual(told["trouble"], "")

    async def test_relay(self) -> None:
        """Region, drain and full load count at once; how it forwards does not change under it."""
        role = self.role(RELAY)
        relay, room = part_of(role, RelayService), part_of(role, MachineRoom)
        await self.change(room)
        self.assertEqual(relay.plan, RelayPlan("eu", drain=0.5, full=1000.0))
        self.assertEqual((relay.report().region, relay._meter.full), ("eu", 1000.0))
        await perform(room, "settings.set", told_to_change(relay__public_host="relay.example.org"))
        self.assertEqual(relay.report().host, "relay.example.org")

    async def test_relay_of_all_roles(self) -> None:
        """Through the node's operations, for a relay that stands and for the next that it starts."""
        role = self.role(ALL)
        relay = part_of(role, roles.EmbeddedRelay)
        relay._relay = standing = RelayService(reactor, b"k" * 32, (1, 1))
        await self.change(part_of(role, NodeService))
        self.assertEqual(relay._plan, RelayPlan("eu", drain=0.5, full=1000.0, mode="auto"))
        self.assertEqual(standing.plan, relay._plan)

    async def test_a_folder_that_comes_later(self) -> None:
        """A relay forwards without its folder; once that can be made it is asked, and shows how often it was tried."""
        (port,) = free_ports(1)
        folder = self.folder / "later"
        folder.write_text("")
        config = RelayConfig(b"k" * 32, (port, port), "127.0.0.1", RelayPlan(mode="userspace", drain=0), "", folder)
        role = roles.make(reactor, config)
        role.startService()
        self.addCleanup(role.stopService)
        api, relay = part_of(role, ApiService), part_of(role, RelayService)
        while not role.stands(relay):
            await deferLater(reactor, 0.01, lambda: None)
        self.assertFalse(role.stands(api))
        while len(role.troubles()) < 2:
            await deferLater(reactor, 0.01, lambda: None)
        trouble, history = role.troubles()
        self.assertIn("the api does not run, and is tried again", trouble)
        self.assertIn("the metrics' history is not on disk now", history)
        folder.unlink()
        while not role.stands(api):
            await deferLater(reactor, 0.01, lambda: None)
        async with NodeClient(reactor, folder / "relay.sock") as asking:
            [plan] = (await asking.call("tasks"))["plans"]
        tries = {task["name"]: (task["state"], task["attempt"]) for task in plan["tasks"]}
        self.assertEqual((tries["relay"], tries["api"][0]), (("done", 1), "done"))
        self.assertGreater(tries["api"][1], 1)

    async def test_registration_of_all_roles(self) -> None:
        """The server beside a node goes by its settings as well."""
        role = self.role(ALL)
        control = part_of(role, ControlService)
        await perform(part_of(role, NodeService), "settings.set", told_to_change(control__registration="closed"))
        self.assertEqual(control._admission.registration.rule, "closed")

    def test_every_live_setting_is_lived_by(self) -> None:
        """In every role, whatever its row promises to take effect at once has somebody who goes by it."""
        for name in SERVING:
            asked = part_of(self.role(name), NodeService if name in PLAYER else MachineRoom)
            live = {row.name for row in of_role(name) if row.live}
            self.assertEqual((asked.role, live - asked.settings.used), (name, set()))
        self.assertEqual({row.name for row in of_role(CONTROL) if row.live}, CONTROL_LIVE | NOTIFY_LIVE | {"log.level"})
        self.assertEqual({row.name for row in of_role(RELAY) if row.live}, RELAY_LIVE | NOTIFY_LIVE | {"log.level"})

    def test_one_api(self) -> None:
        """Each process has one local API; a node's is in its run folder, the others' in their state folder."""
        places = {
            CONTROL: self.folder / "state" / "control.sock",
            RELAY: self.folder / "relay.sock",
            NODE: self.folder / "run" / "node.sock",
            ALL: self.folder / "run" / "node.sock",
        }
        self.assertEqual({name: part_of(self.role(name), ApiService)._path for name in SERVING}, places)
