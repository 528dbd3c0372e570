"""Settings that take effect at once, in a node that is in its party."""

from __future__ import annotations

from typing import Any, cast

import attrs
from twisted.internet.defer import Deferred
from twisted.logger import ILogObserver, globalLogPublisher

from lanrage.app.operations import perform
from lanrage.core.exposure import Exposure, GuardRules
from lanrage.core.play_ports import Span
from lanrage.core.relay_choice import Weights
from lanrage.core.setting import HIDDEN, NODE
from lanrage.core.settings_schema import of_role
from lanrage.errors import BadInput, LanrageError, Unreachable
from lanrage.logs import set_level
from lanrage.logs.configure import get_level
from lanrage.store.settings import HELD_BY_ANOTHER, SettingsFile
from tests.app.node_world import NodeCase, Player
from tests.store.test_game_profiles import own_game


class LiveTests(NodeCase):
    """One node and a control server."""

    async def anna(self) -> Player:
        """In a party of her own."""
        await self.serve()
        anna = await self.player("anna", 1)
        await anna.create()
        return anna

    async def change(self, player: Player, **values: str) -> dict[str, Any]:
        """Store, as the local API does; two underscores are the dot."""
        args = {"values": {name.replace("__", "."): text for name, text in values.items()}}
        return await perform(player.node, "settings.set", args)

    def session(self, player: Player) -> Any:
        """What stands."""
        life = player.node._own()  # the session is what a setting takes effect in  # pylint: disable=protected-access
        assert life.session is not None
        return life.session

    def test_firewall(self) -> Deferred[None]:
        """Exposure and ports: the firewall goes by them at once, and by the default again after a reset."""

        async def life() -> None:
            anna = await self.anna()
            told = await self.change(anna, lan__exposure="games", lan__ports="4445/udp")
            self.assertEqual([each["restart"] for each in told["changed"]], [False, False])
            ports = (Span("udp", 4445, 4445),)
            self.assertEqual(anna.machinery.guard.ruled, GuardRules(Exposure.GAMES, ports))
            told = await perform(anna.node, "settings.reset", {})
            self.assertEqual([each["origin"] for each in told["changed"]], ["default", "default"])
            self.assertEqual(anna.machinery.guard.ruled, GuardRules(Exposure.GUARDED))

        return self.run_async(life())

    def test_window_and_relays(self) -> Deferred[None]:
        """The plane's window; region and weights of the choice among relays."""

        async def life() -> None:
            anna = await self.anna()
            await self.change(anna, lan__dedup_window="0.25", node__relay_region="eu", node__relay_weights="loss=3")
            session = self.session(anna)
            self.assertEqual(session.lan.dedup_window, 0.25)
            self.assertEqual((session.relays.region, session.relays.weights), ("eu", Weights(loss=3.0)))

        return self.run_async(life())

    def test_server(self) -> Deferred[None]:
        """The control server of the next party."""

        async def life() -> None:
            await self.serve()
            anna = await self.player("anna", 1)
            await self.change(anna, node__server="127.0.0.1:1")
            await self.fails(Unreachable, "unreachable", anna.create())
            await self.change(anna, node__server=self.server_address)
            await anna.create()

        return self.run_async(life())

    def test_sets(self) -> Deferred[None]:
        """A set that is activated takes effect as its values do."""

        async def life() -> None:
            anna = await self.anna()
            await self.change(anna, lan__exposure="all", links__port="7")
            await perform(anna.node, "settings.save", {"set_name": "open"})
            await perform(anna.node, "settings.reset", {})
            told = await perform(anna.node, "settings.activate", {"set_name": "open"})
            changed = {each["name"]: (each["value"], each["restart"]) for each in told["changed"]}
            self.assertEqual(changed, {"links.port": ("7", True), "lan.exposure": ("all", False)})
            self.assertEqual(anna.machinery.guard.ruled, GuardRules(Exposure.ALL))
            self.assertEqual(self.session(anna).devices.port, 51820)

        return self.run_async(life())

    def test_at_the_next_start(self) -> Deferred[None]:
        """What does not take effect at once is said so, and leaves the node as it is."""

        async def life() -> None:
            anna = await self.anna()
            before = self.session(anna).devices
            later = {"links.birthday": "off", "lan.leases": "off", "lan.capture": "off", "links.port": "9"}
            told = await perform(anna.node, "settings.set", {"values": later})
            self.assertEqual({each["name"]: each["restart"] for each in told["changed"]}, dict.fromkeys(later, True))
            self.assertEqual(self.session(anna).devices, before)
            self.assertEqual(anna.machinery.devices.lan, before.lan)

        return self.run_async(life())

    def test_refused(self) -> Deferred[None]:
        """A wrong value changes nothing, stored or live, whatever else is asked for with it."""

        async def life() -> None:
            anna = await self.anna()
            work = self.change(anna, lan__exposure="games", lan__dedup_window="61")
            self.assertIn("lan.dedup_window", await self.fails(BadInput, "bad_input", work))
            self.assertEqual(anna.machinery.guard.ruled, GuardRules(Exposure.GUARDED))
            self.assertEqual(dict(SettingsFile(anna.folder / "state").load().values), {})

        return self.run_async(life())

    def test_held(self) -> Deferred[None]:
        """While the node runs its file is its own; then it is free."""

        async def life() -> None:
            anna = await self.player("anna", 1)
            other = SettingsFile(anna.folder / "state")
            self.assertEqual(other.hold(), HELD_BY_ANOTHER)
            await anna.stop()
            self.assertEqual(other.hold(), "")
            other.release()

        return self.run_async(life())

    def test_listener(self) -> Deferred[None]:
        """Who listens for a live setting is told whenever it is named, changed or not; its error is the user's."""

        async def life() -> None:
            anna = await self.player("anna", 1)
            heard: list[str] = []

            def hear(text: str) -> None:
                heard.append(text)
                if text == "0.5":
                    raise LanrageError("not now")

            anna.node.settings.on_change("lan.dedup_window", hear)
            troubles = [(await self.change(anna, lan__dedup_window=text))["trouble"] for text in ("1", "1", "0.5", "2")]
            self.assertEqual((heard, troubles), (["1", "1", "0.5", "2"], ["", "", "not now", ""]))

        return self.run_async(life())

    def test_log(self) -> Deferred[None]:
        """Each change is an event with name, value and origin; what changed nothing is none."""

        async def life() -> None:
            anna = await self.player("anna", 1)
            events: list[Any] = []
            observer = cast(ILogObserver, events.append)
            globalLogPublisher.addObserver(observer)
            self.addCleanup(globalLogPublisher.removeObserver, observer)
            await self.change(anna, lan__ports="4445")
            await self.change(anna, lan__ports="4445")
            await self.change(anna, alerts__webhook="https://hooks.example.org/1/s3cret")
            self.assertNotIn("s3cret", str([(event, event.get("log_format", "").format(**event)) for event in events]))
            found = [event for event in events if event.get("log_format", "").startswith("setting ")]
            facts = [(event["log_level"].name, event["name"], event["value"], event["origin"]) for event in found]
            ports, webhook = ("info", "lan.ports", "4445", "stored"), ("info", "alerts.webhook", HIDDEN, "stored")
            self.assertEqual(facts, [ports, webhook])

        return self.run_async(life())

    def test_every_live_one(self) -> None:
        """The settings that promise it are those of the tests above: another one needs a test of its own."""
        live = {row.name for row in of_role(NODE) if row.live}
        firewall = {"lan.exposure", "lan.ports"}
        self.assertEqual(
            live,
            firewall
            | {"lan.dedup_window", "node.relay_region", "node.relay_weights", "node.server", "log.level"}
            | {"games.profiles", "games.detect", "games.poll"}  # tests.app.test_game_detection
            | {"games.announce"}  # tests.app.test_node_games
            | {"notify.targets", "notify.ntfy_token", "notify.matrix_token"}  # tests.app.test_cli_notify
            | {"desktop.notify", "desktop.rejoin"}  # tests.app.test_desktop_desk, tests.app.test_rejoin_node
            | {"discord.client_id", "discord.join"},  # tests.app.test_discord_desk
        )

    def test_games(self) -> Deferred[None]:
        """Another folder of one's own games: what is in it is known at the next look, and its ports are in play."""

        async def life() -> None:
            anna = await self.player("anna", 1)
            folder = anna.folder / "mine"
            folder.mkdir()
            (folder / "tag.toml").write_text(own_game("tag", 40_000), encoding="utf-8")
            self.assertEqual((), anna.node.games.profiles.all())
            await self.change(anna, games__profiles=str(folder))
            self.assertEqual(["tag"], anna.machinery.ports.reasons("udp", 40_000))
            self.assertEqual("tag", (await perform(anna.node, "games.show", {"game": "Tag"}))["game"])
            listed = await perform(anna.node, "games.list", {"query": "ta"})
            self.assertEqual((["tag"], str(folder)), ([each["game"] for each in listed["games"]], listed["folder"]))

        return self.run_async(life())

    def test_log_level(self) -> Deferred[None]:
        """Lines of a level that was not written are from now on; a wrong level changes nothing."""

        async def life() -> None:
            anna = await self.player("anna", 1)
            self.addCleanup(set_level, get_level())
            await self.change(anna, log__level="warning,lanrage.net=debug")
            self.assertEqual("warning,lanrage.net=debug", get_level())
            with self.assertRaises(BadInput):
                await self.change(anna, log__level="loud")
            self.assertEqual("warning,lanrage.net=debug", get_level())

        return self.run_async(life())


class TroubleTests(NodeCase):
    """A firewall that is missing."""

    def test_exposure(self) -> Deferred[None]:
        """Where all is open for want of a firewall, less is not promised: the user is told why, and all stays."""

        async def life() -> None:
            await self.serve()
            self.players.append(anna := Player(self, "anna", 1))
            open_lan = attrs.evolve(anna.machinery.devices.lan, exposure=Exposure.ALL)
            anna.machinery.devices = attrs.evolve(anna.machinery.devices, lan=open_lan)
            anna.machinery.guard.broken = Unreachable("libnftables is not here")
            await anna.start()
            await anna.create()
            desk = anna.node.settings
            self.assertEqual((await desk.set({"lan.exposure": "games"})).trouble, "libnftables is not here")
            life = anna.node._own()  # pylint: disable=protected-access
            assert life.session is not None
            assert life.session.guarding is not None
            self.assertEqual(life.session.guarding.exposure, Exposure.ALL)
            anna.machinery.guard.broken = None
            self.assertEqual((await desk.set({"lan.exposure": "games"})).trouble, "")
            self.assertEqual(anna.machinery.guard.ruled, GuardRules(Exposure.GAMES))
            anna.machinery.guard.broken = Unreachable("nft is busy")
            self.assertEqual((await desk.set({"lan.exposure": "all"})).trouble, "nft is busy")
            self.assertEqual(life.session.guarding.exposure, Exposure.GAMES)
            self.assertEqual(anna.machinery.guard.ruled, GuardRules(Exposure.GAMES))

        return self.run_async(life())
