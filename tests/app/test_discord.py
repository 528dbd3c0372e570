"""What is shown in Discord: against one that is strict about its protocol, in memory and over a real socket."""

from __future__ import annotations

import json
import os
import shutil
import socket
import tempfile
from pathlib import Path
from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory
from twisted.internet.task import Clock, deferLater
from twisted.trial.unittest import SynchronousTestCase, TestCase

from lanrage.app.discord import FIRST_PAUSE, LEASE, LONGEST_PAUSE, DiscordPresence, find_discord
from lanrage.app.discord_talk import FAREWELL, PATIENCE, DiscordTalk
from lanrage.core.discord_activity import SPAN, UPDATES, Activity, join_secret
from lanrage.core.game_orders import ShowPresence
from lanrage.errors import LanrageError, Unreachable
from lanrage.net.discord_socket import candidates
from tests.core.test_discord_activity import code
from tests.fakes_discord import CLIENT_ID, FRAME, PING, FakeDiscord, join_in_memory

reactor: Any = _reactor
QUAKE = Activity("Quake", "In a LAN party", "ab" * 16, 2, 16, 1_790_000_000, "LR1-s3cret")
CODE = code("play.example.org:7766")


def order(activity: Activity | None, client_id: str = CLIENT_ID) -> ShowPresence:
    """As the node asks."""
    return ShowPresence.of(client_id, activity)


class MemoryTests(SynchronousTestCase):
    """By a clock, with a Discord that starts and ends."""

    def setUp(self) -> None:
        """A session in which Discord runs."""
        self.clock = Clock()
        self.discords: list[FakeDiscord] = []
        self.there, self.mute = True, False
        self.links: list[str] = []
        self.presence = DiscordPresence(self.clock, self.find)
        self.presence.join = self.links.append
        self.presence.startService()

    async def find(self, make: Any) -> DiscordTalk:
        """See :data:`lanrage.app.discord.Find`."""
        if not self.there:
            raise Unreachable("no Discord runs in this session")
        talk: DiscordTalk = make()
        discord = FakeDiscord(self.clock.seconds)
        discord.mute = self.mute
        self.discords.append(discord)
        join_in_memory(talk, discord)
        return talk

    def show(self, activity: Activity | None, client_id: str = CLIENT_ID) -> None:
        """The node asks."""
        self.successResultOf(Deferred.fromCoroutine(self.presence(order(activity, client_id))))

    def stop(self) -> None:
        """The agent ends; nobody broke the protocol, and nothing is left."""
        self.successResultOf(self.presence.stopService())
        self.assertEqual([], [word for discord in self.discords for word in discord.broken])
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_answer_to_nothing(self) -> None:
        """Whatever it answers, a Discord that does not get ready is left: no answer is taken for another event."""
        self.mute = True
        self.show(QUAKE)
        for nonce in ("ready", "cut", "pace"):
            self.discords[0].send(FRAME, {"cmd": "SUBSCRIBE", "evt": None, "nonce": nonce, "data": None})
        self.clock.pump([PATIENCE, FAREWELL, FIRST_PAUSE])
        self.assertEqual(2, len(self.discords))
        self.stop()

    def test_life(self) -> None:
        """Shown while it is played, told anew when it changes, cleared at its end; the connection stays for friends."""
        self.show(QUAKE)
        (discord,) = self.discords
        self.assertEqual(({"ACTIVITY_JOIN"}, True), (discord.events, self.presence.connected))
        self.assertEqual({"id": "ab" * 16, "size": [2, 16]}, (discord.shown or {})["party"])
        self.show(QUAKE)
        self.show(None)
        self.assertEqual([None], [shown for _, shown in discord.updates[1:]])
        self.show(QUAKE)
        self.stop()
        self.assertEqual((None, 1), (discord.shown, len(self.discords)))

    def test_without_an_application(self) -> None:
        """No application, no connection."""
        self.show(None, "")
        self.show(QUAKE, "")
        self.assertEqual(([], False), (self.discords, self.presence.connected))
        self.stop()

    def test_rate(self) -> None:
        """Five updates at most in twenty seconds, over restarts of Discord too; the last wish is shown in the end."""
        for number in range(UPDATES + 4):
            self.show(Activity(f"Game {number}"))
        self.assertEqual(UPDATES, len(self.discords[0].updates))
        self.discords[0].quit()
        self.clock.advance(FIRST_PAUSE)
        self.assertEqual((2, 0), (len(self.discords), len(self.discords[1].updates)))
        self.clock.advance(SPAN)
        self.assertEqual([f"Game {UPDATES + 3}"], [(shown or {})["details"] for _, shown in self.discords[1].updates])
        self.stop()

    def test_restarts(self) -> None:
        """A Discord that is not there is looked for with growing pauses; one that comes back is told all."""
        self.there = False
        self.show(QUAKE)
        pauses = []
        for _ in range(9):
            (call,) = [
                each for each in self.clock.getDelayedCalls() if each.getTime() - self.clock.seconds() < LEASE - 1
            ]
            pauses.append(call.getTime() - self.clock.seconds())
            self.clock.advance(pauses[-1])
            self.show(QUAKE)
        self.assertEqual([FIRST_PAUSE, 4.0, 8.0, 16.0, 32.0, *[LONGEST_PAUSE] * 4], pauses)
        self.there = True
        self.clock.advance(LONGEST_PAUSE)
        self.assertEqual("Quake", (self.discords[0].shown or {})["details"])
        self.discords[0].quit()
        self.assertFalse(self.presence.connected)
        self.clock.advance(FIRST_PAUSE)
        self.assertEqual("Quake", (self.discords[1].shown or {})["details"])
        self.stop()

    def test_wrong_application(self) -> None:
        """Discord knows no such application: it is not asked again, until there is another one."""
        self.show(QUAKE, "9" * 18)
        self.clock.advance(LONGEST_PAUSE)
        self.show(QUAKE, "9" * 18)
        self.assertEqual(1, len(self.discords))
        self.show(QUAKE)
        self.assertEqual((2, True), (len(self.discords), self.presence.connected))
        self.show(QUAKE, "")
        self.assertEqual(([], None), (self.discords[1].broken, self.discords[1].shown))
        self.stop()

    def test_says_nothing(self) -> None:
        """A Discord that does not answer is left; one that does not even read is cut off."""
        self.mute = True
        self.show(QUAKE)
        end: Any = self.presence._talk.transport  # type: ignore[union-attr]
        end.stuck = True
        self.clock.advance(PATIENCE)
        self.assertEqual(1, len(self.discords))
        self.mute = False
        self.clock.advance(FAREWELL)
        self.clock.advance(FIRST_PAUSE)
        self.assertEqual((2, True), (len(self.discords), self.presence.connected))
        self.discords[1].mute = True
        self.show(None)
        self.clock.advance(PATIENCE)
        self.assertFalse(self.presence.connected)
        self.stop()

    def test_ping(self) -> None:
        """It says that it is there."""
        self.show(QUAKE)
        self.discords[0].ping({"seq": 7})
        self.assertEqual([], self.discords[0]._pings)
        self.stop()

    def test_nonsense(self) -> None:
        """Bytes that are no frame end the connection, and the next one starts afresh."""
        for nonsense in (b"\xff" * 8, b"\x01\x00\x00\x00\x01\x00\x00\x00[", b"\x00\x00\x00\x00\x02\x00\x00\x00{}"):
            self.show(QUAKE)
            self.discords[-1].raw(nonsense)
            self.assertFalse(self.presence.connected)
            self.clock.advance(FIRST_PAUSE)
        self.assertEqual(4, len(self.discords))
        self.stop()

    def test_joining(self) -> None:
        """A friend's invitation goes to who asks the user, as a link; what is none goes nowhere."""
        self.show(None)
        for secret in ("LR1-nonsense", "x" * 500, "lanrage://evil.example/join#LR1-x", join_secret(CODE)):
            self.clock.advance(5.0)
            self.discords[0].invite(secret)
        self.assertEqual([CODE.link()], self.links)
        for _ in range(100):
            self.discords[0].invite(join_secret(CODE))
        self.assertLessEqual(len(self.links), 4)
        self.discords[0].send(FRAME, {"cmd": "DISPATCH", "evt": "ACTIVITY_SPECTATE", "data": {"secret": "x"}})
        self.discords[0].send(FRAME, {"cmd": "SET_ACTIVITY", "evt": "ERROR", "nonce": "99", "data": {"message": "no"}})
        self.assertTrue(self.presence.connected)
        self.stop()

    def test_silent_node(self) -> None:
        """What no node repeats is shown no more, and the next word of one counts."""
        self.show(QUAKE)
        self.clock.advance(LEASE - 1)
        self.show(QUAKE)
        self.clock.advance(LEASE - 1)
        self.assertIsNotNone(self.discords[0].shown)
        self.clock.advance(1)
        self.assertEqual((None, False), (self.discords[0].shown, self.presence.connected))
        self.show(QUAKE)
        self.assertEqual("Quake", (self.discords[1].shown or {})["details"])
        self.stop()
        self.show(QUAKE)
        self.assertEqual(2, len(self.discords))

    def test_stopped_while_it_waits(self) -> None:
        """An agent that ends while it looks for Discord leaves nothing."""
        self.there = False
        self.show(QUAKE)
        self.stop()


class SocketTests(TestCase):
    """Over a real UNIX socket."""

    timeout = 120

    def setUp(self) -> None:
        """A session's folder."""
        self.folder = Path(tempfile.mkdtemp(prefix="lanrage-discord-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.environment = {"XDG_RUNTIME_DIR": str(self.folder)}

    def listen(self, place: str) -> FakeDiscord:
        """A Discord at a place below the folder."""
        path = self.folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        discord = FakeDiscord(reactor.seconds)
        factory = Factory.forProtocol(lambda: discord)
        port = reactor.listenUNIX(str(path), factory)
        self.addCleanup(port.stopListening)
        return discord

    def test_whole_way(self) -> Deferred[None]:
        """A socket that a crash left is passed over; Flatpak's is found; what is played is shown until the end."""

        async def life() -> None:
            with socket.socket(socket.AF_UNIX) as left:
                left.bind(str(self.folder / "discord-ipc-0"))
            discord = self.listen("app/com.discordapp.Discord/discord-ipc-1")
            links: list[str] = []
            presence = DiscordPresence(
                reactor, lambda make: find_discord(reactor, self.environment, os.geteuid(), make)
            )
            presence.join = links.append
            presence.startService()
            await presence(order(QUAKE))
            while discord.shown is None:
                await deferLater(reactor, 0.01, lambda: None)
            self.assertEqual("LR1-s3cret", discord.shown["secrets"]["join"])
            discord.send(PING, {"x": 1})
            discord._pings.append(json.dumps({"x": 1}).encode())
            discord.invite(join_secret(CODE))
            while not links:
                await deferLater(reactor, 0.01, lambda: None)
            await presence.stopService()
            while discord.shown is not None:
                await deferLater(reactor, 0.01, lambda: None)
            self.assertEqual(([CODE.link()], []), (links, discord.broken))

        return Deferred.fromCoroutine(life())

    def test_another_user(self) -> Deferred[None]:
        """A socket of another user is told nothing, wherever it lies; nor is anything that is no socket."""

        async def life() -> None:
            discord = self.listen("discord-ipc-3")
            (self.folder / "discord-ipc-0").write_text("")
            (self.folder / "discord-ipc-1").symlink_to(self.folder / "discord-ipc-3")
            mine = [path for path in candidates(self.environment, os.geteuid()) if path.is_relative_to(self.folder)]
            self.assertEqual([self.folder / "discord-ipc-3"], mine)
            another = os.geteuid() + 1
            self.assertEqual(
                [], [path for path in candidates(self.environment, another) if self.folder in path.parents]
            )
            with self.assertRaises(LanrageError):
                await find_discord(reactor, {"XDG_RUNTIME_DIR": "relative"}, another, self.fail)
            self.assertIsNone(discord.shown)

        return Deferred.fromCoroutine(life())
