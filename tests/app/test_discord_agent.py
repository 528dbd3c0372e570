"""From Discord to the node: an agent hands over the invitation of a friend, and nobody joins by that."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any, cast

import msgspec
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from lanrage.app.agent import AgentService
from lanrage.app.agent_doers import session_doers
from lanrage.app.api import ApiService
from lanrage.app.caller import Caller
from lanrage.app.discord import DiscordPresence
from lanrage.app.discord_talk import DiscordTalk
from lanrage.app.game_profiles import GameProfiles
from lanrage.app.operations import INode
from lanrage.app.operations_offers import LinkKept
from lanrage.core.discord_activity import join_secret
from lanrage.core.game_orders import Launch, LookMods, ShowNote, ShowPresence
from lanrage.errors import BadInput
from tests.app.test_agent import Node, Session, reactor
from tests.app.test_discord import CODE, QUAKE, order
from tests.fakes_discord import FakeDiscord, join_in_memory


class KeepingNode(Node):
    """Has agents, and keeps what they hand over.

    :ivar kept: links.
    :ivar refuses: it keeps none.
    """

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[str] = []
        self.refuses = False

    async def keep_link(self, *, link: str, caller: Caller) -> dict[str, Any]:
        """See :meth:`INode.keep_link`."""
        self.desk.check_agent(caller)
        self.kept.append(link)
        if self.refuses:
            raise BadInput("code", "damaged")
        plain: dict[str, Any] = msgspec.to_builtins(LinkKept("ab" * 16, 600.0))
        return plain


class HandedOverTests(TestCase):
    """An agent, a node behind a real socket, and a Discord in memory."""

    timeout = 60

    def setUp(self) -> None:
        """The node is there, and keeps what it gets."""
        folder = Path(tempfile.mkdtemp(prefix="lanrage-discord-"))
        self.addCleanup(shutil.rmtree, folder)
        self.path, self.games = folder / "node.sock", folder / "games"
        self.node = KeepingNode()
        api = ApiService(reactor, self.path, cast(INode, self.node))
        api.startService()
        self.addCleanup(api.stopService)

    def test_whole_way(self) -> Deferred[None]:
        """What the node orders is shown, and a friend's invitation is kept by it; its refusal ends nothing."""

        async def life() -> None:
            node, discord = self.node, FakeDiscord(reactor.seconds)

            async def find(make: Any) -> DiscordTalk:
                talk: DiscordTalk = make()
                join_in_memory(talk, discord)
                return talk

            presence = DiscordPresence(reactor, find)
            profiles = GameProfiles(reactor, self.games, lambda: ())
            doers = session_doers(reactor, profiles, presence)
            self.assertEqual({Launch, LookMods, ShowNote, ShowPresence}, set(doers))
            agent = AgentService(reactor, self.path, profiles, doers, {}, Session)
            presence.join = agent.hand_over
            agent.hand_over(CODE.link())
            presence.startService()
            agent.startService()
            while not node.desk.users:
                await deferLater(reactor, 0.01, lambda: None)
            (user,) = node.desk.users
            self.assertEqual((), await node.desk.ask(user, order(QUAKE)))
            self.assertEqual("Quake", (discord.shown or {})["details"])
            for refuses in (False, True):
                node.refuses = refuses
                discord.invite(join_secret(CODE))
                while len(node.kept) <= refuses:
                    await deferLater(reactor, 0.01, lambda: None)
            self.assertEqual(([CODE.link()] * 2, []), (node.kept, discord.broken))
            await agent.stopService()
            await presence.stopService()
            while node.desk.users:
                await deferLater(reactor, 0.01, lambda: None)
            self.assertIsNone(discord.shown)

        return Deferred.fromCoroutine(life())
