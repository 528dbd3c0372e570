"""Whole nodes: what one plays the other sees; what it changes is taken back, and told to a webhook where wanted."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from twisted.internet.defer import Deferred

from lanrage.app.cli_output import Screen, shown, status
from lanrage.app.operations import perform
from lanrage.core.notices import Notice, NoticeKind
from lanrage.core.play_ports import Source
from tests.app.node_world import PartyCase, Player
from tests.fakes_running_games import MemoryProfiles, MemoryWatch, running, udp
from tests.store.test_game_profiles import own_game


class RecordingScreen(Screen):
    """What would be printed."""

    def __init__(self) -> None:  # no console  # pylint: disable=super-init-not-called
        self.lines: list[str] = []

    def line(self, text: str = "", style: str = "") -> None:
        """See :class:`Screen`."""
        del style
        self.lines.append(text)

    def table(self, columns: Any, rows: Any) -> None:
        """See :class:`Screen`."""


def printed(show: Any, result: dict[str, Any]) -> str:
    """The lines that a result becomes."""
    screen = RecordingScreen()
    show(screen, result)
    return "\n".join(screen.lines)


class GamesTests(PartyCase):
    """Anna's and Bert's nodes."""

    def notice(self, player: Player) -> MemoryWatch:
        """The player's node notices games that the test starts."""
        watch = MemoryWatch()
        player.node.games.side.follow(watch, MemoryProfiles(), player.machinery.ports)
        return watch

    async def played(self, at: Player) -> dict[str, list[str]]:
        """Who plays what, as a node shows it."""
        members = (await at.node.show_party())["members"]
        return {each["name"]: [game["name"] for game in each["games"]] for each in members}

    def test_life(self) -> Deferred[None]:
        """From its start to its end: at the other member, in the status, on ports, tunnel and marks."""

        async def life() -> None:
            anna, bert, _, _ = await self.party()
            watch = self.notice(anna)
            self.assertIsNone((await anna.node.status())["tuning"])
            watch.put(running("teeworlds", udp(8303)))
            await self.until(bert.node.games.presence.all)
            self.assertEqual(await self.played(bert), {"anna": ["Teeworlds"], "bert": []})
            self.assertEqual(await self.played(anna), {"anna": ["Teeworlds"], "bert": []})
            told = await anna.node.status()
            self.assertEqual(told["games"], ["anna hosts Teeworlds"])
            tuning = {"games": ["teeworlds"], "keepalive_s": 10, "mtu": 1400, "dscp": 32, "trouble": ""}
            self.assertEqual(told["tuning"], tuning)
            self.assertIn("for teeworlds, keepalive at most 10 s, MTU 1400, DSCP 32", printed(self.facts, told))
            self.assertIn("anna hosts Teeworlds at 8303/udp", printed(shown, await bert.node.show_party()))
            self.assertEqual(anna.machinery.ports.of(Source.DETECTED), (udp(8303, 8310),))
            self.assertIsNotNone(anna.machinery.marks.standing)
            watch.end("teeworlds")
            await self.until(lambda: not bert.node.games.presence.all())
            self.assertEqual((await bert.node.status())["games"], [])
            await self.until(lambda: anna.machinery.tunnels[-1].mtu == 1280)
            self.assertIsNone(anna.machinery.marks.standing)

        return self.run_async(life())

    @staticmethod
    def facts(screen: Any, result: dict[str, Any]) -> None:
        """The status as lines."""
        screen.facts = lambda rows: screen.lines.extend(f"{word} {text}" for word, text in rows)
        status(screen, result)

    def test_stop(self) -> Deferred[None]:
        """A node that stops while a game runs leaves nothing of it; the other forgets what it played when it left."""

        async def life() -> None:
            anna, bert, _, _ = await self.party()
            watch = self.notice(anna)
            watch.put(running("teeworlds", udp(8303)))
            await self.until(bert.node.games.presence.all)
            ports, marks = anna.machinery.ports, anna.machinery.marks
            await anna.stop()
            self.assertEqual((ports.of(Source.DETECTED), marks.standing), ((), None))
            self.assertEqual((watch.listeners, anna.node.games.effects.games), ([], ()))
            await self.until(lambda: not bert.node.games.presence.all())

        return self.run_async(life())

    def test_announced(self) -> Deferred[None]:
        """A game is told to the webhook of alerts from the moment at which the user wants that, by the party's name."""

        async def life() -> None:
            anna, _, _, _ = await self.party()
            told: list[Notice] = []
            notices = SimpleNamespace(tell=told.append, wanted=lambda kind: kind is NoticeKind.GAME)
            anna.node.metering = SimpleNamespace(notices=notices)  # type: ignore[assignment]
            watch, announcer = MemoryWatch(), anna.node.announcer()
            announcer.follow(watch)
            watch.put(running("arma"))
            await perform(anna.node, "settings.set", {"values": {"games.announce": "on"}})
            watch.put(running("teeworlds", udp(8303)))
            watch.end("arma")
            self.assertEqual(told, [Notice(NoticeKind.GAME, "LAN on Friday: Teeworlds is played")])
            await anna.node.leave_party()
            watch.put(running("files"))
            self.assertEqual(len(told), 1)

        return self.run_async(life())

    def test_noticed(self) -> Deferred[None]:
        """A node's own watch leads to its effects: what the user says that he plays counts from then to its end."""

        async def life() -> None:
            anna, bert, _, _ = await self.party()
            folder = anna.folder / "mine"
            folder.mkdir()
            (folder / "tag.toml").write_text(own_game("tag", 40_000), encoding="utf-8")
            await anna.node.games.profiles.use(folder)
            anna.node.games.watch.play("tag")
            await self.until(bert.node.games.presence.all)
            self.assertEqual(anna.machinery.ports.of(Source.DETECTED), (udp(40_000),))
            anna.node.games.watch.on_mode(True)
            self.assertEqual(anna.machinery.ports.of(Source.FIXED), ())
            anna.node.games.watch.stop_play("tag")
            await self.until(lambda: not bert.node.games.presence.all())
            self.assertEqual(anna.machinery.ports.of(Source.DETECTED), ())

        return self.run_async(life())

    def test_leave(self) -> Deferred[None]:
        """Who left the party plays nothing there; its node goes on with the game's ports, and knows of nobody."""

        async def life() -> None:
            anna, bert, _, _ = await self.party()
            watch = self.notice(anna)
            watch.put(running("teeworlds", udp(8303)))
            await self.until(bert.node.games.presence.all)
            await anna.node.leave_party()
            await self.until(lambda: not bert.node.games.presence.all())
            self.assertEqual(anna.node.games.presence.all(), {})
            self.assertIsNone((await anna.node.status())["tuning"]["mtu"])

        return self.run_async(life())
