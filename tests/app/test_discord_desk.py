"""What a node lets its agents show in Discord: whose games, to whom, and which invitation goes with it."""

from __future__ import annotations

from typing import Any

import attrs
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.caller import Caller
from lanrage.app.discord_config import DiscordSettings
from lanrage.app.discord_desk import BEAT, REPEAT, DiscordDesk, Sight
from lanrage.app.discord_node import seen
from lanrage.app.link_offers import LASTING, USERS_LIMIT, LinkOffer, LinkOffers
from lanrage.app.operations import perform
from lanrage.core.code import InvitationCode
from lanrage.core.discord_activity import join_secret, shown_party
from lanrage.core.discord_presence import INVITED, INVITED_HOURS, RENEWAL
from lanrage.core.game_orders import ShowPresence, decode_order, encode_order
from lanrage.core.game_presence import Playing
from lanrage.errors import BadInput, Refused
from tests.app.node_world import PartyCase
from tests.app.test_cli import CommandCase
from tests.core.test_discord_activity import PARTY, code, party
from tests.fakes_discord import CLIENT_ID
from tests.fakes_offers import LINK
from tests.fakes_running_games import running

CODE = code("play.example.org:7766")
ANN, BEN = 1000, 1001
QUAKE = attrs.evolve(running("quake"), pids=frozenset({71}), since=1_790_000_000.5)
PLAYED = Playing("quake", "Quake")
SIGHT = Sight((QUAKE,), (PLAYED,), party(2), 16, True)


class MemoryAgents:
    """Agents that do what they are asked, or refuse.

    :ivar orders: (user, order), as they came.
    """

    def __init__(self) -> None:
        self.users: tuple[int, ...] = (ANN,)
        self.attended = 1
        self.refuse = False
        self.orders: list[tuple[int, ShowPresence]] = []

    def ask(self, user: int, order: Any) -> Deferred[Any]:
        """See :class:`lanrage.app.discord_desk.Agents`."""
        decoded = decode_order(encode_order(order))
        assert isinstance(decoded, ShowPresence)
        self.orders.append((user, decoded))
        return fail(Refused("no_agent", "it is gone")) if self.refuse else succeed(())


class DeskTests(SynchronousTestCase):
    """By a clock."""

    def setUp(self) -> None:
        """Ann plays in a party of two, and friends may join."""
        self.clock, self.agents = Clock(), MemoryAgents()
        self.settings, self.sight = DiscordSettings(CLIENT_ID, True), SIGHT
        self.invited: list[tuple[int, float]] = []
        self.invitation: Deferred[str] = succeed(CODE.encode())
        owners = {71: ANN, 72: BEN}.get
        self.desk = DiscordDesk(self.clock, self.agents, lambda: self.settings, lambda: self.sight, self.invite, owners)

    def invite(self, uses: int, hours: float) -> Deferred[str]:
        """The node makes one."""
        self.invited.append((uses, hours))
        return self.invitation

    def start(self) -> ShowPresence:
        """It looks; the last that Ann's agent was asked."""
        self.desk.startService()
        self.clock.advance(BEAT)
        return self.agents.orders[-1][1]

    def test_shown(self) -> None:
        """The game, since when, how many, and a secret of an own invitation with few uses and a short life."""
        wanted = ShowPresence(
            client_id=CLIENT_ID,
            details="Quake",
            state="In a LAN party",
            party_id=shown_party(PARTY),
            members=2,
            members_limit=16,
            started=1_790_000_000,
            join=join_secret(CODE),
        )
        self.assertEqual((wanted, [(INVITED, INVITED_HOURS)]), (self.start(), self.invited))
        before = len(self.agents.orders)
        self.clock.pump([BEAT] * 5)
        self.assertEqual(before, len(self.agents.orders))
        self.clock.advance(REPEAT)
        self.assertEqual((before + 1, wanted), (len(self.agents.orders), self.agents.orders[-1][1]))
        self.clock.pump([REPEAT] * int(RENEWAL / REPEAT))
        self.assertEqual(2, len(self.invited))

    def test_off(self) -> None:
        """Without an application nobody is asked; one that is taken away ends it, once."""
        self.settings = DiscordSettings("", True)
        self.desk.startService()
        self.clock.pump([BEAT] * 3)
        self.assertEqual([], self.agents.orders)
        self.settings = DiscordSettings(CLIENT_ID)
        self.clock.advance(BEAT)
        self.settings = DiscordSettings()
        self.clock.pump([BEAT] * 3)
        self.assertEqual([CLIENT_ID, ""], [order.client_id for _, order in self.agents.orders])
        self.desk.stopService()
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_no_secret(self) -> None:
        """A plain member gives none, nor anybody who does not want it, nor where nothing is played here."""
        for sight, settings in (
            (attrs.evolve(SIGHT, may_invite=False), self.settings),
            (SIGHT, DiscordSettings(CLIENT_ID, False)),
            (attrs.evolve(SIGHT, playing=()), self.settings),
            (attrs.evolve(SIGHT, party=None), self.settings),
            (attrs.evolve(SIGHT, party=party(2, 14)), self.settings),
        ):
            self.sight, self.settings = sight, settings
            self.assertEqual("", self.start().join)
            self.desk.stopService()
            self.settings = DiscordSettings(CLIENT_ID, True)
        self.assertEqual([], self.invited)

    def test_whose_game(self) -> None:
        """Each user's agent shows that user's games; a guess from ports is no game."""
        self.agents.users = (ANN, BEN)
        guess = attrs.evolve(running("files"), pids=frozenset({72}))
        guess = attrs.evolve(guess, results=(attrs.evolve(guess.best, confidence=0.5),))
        self.sight = attrs.evolve(SIGHT, running=(QUAKE, guess), playing=(PLAYED, Playing("files", "Files")))
        self.start()
        self.assertEqual({ANN: "Quake", BEN: ""}, {user: order.details for user, order in self.agents.orders})

    def test_ends(self) -> None:
        """A game that ends is shown no more, and friends cannot join by it; nor is anything after a stop."""
        self.start()
        self.sight = attrs.evolve(SIGHT, playing=(), running=())
        self.clock.advance(BEAT)
        _, order = self.agents.orders[-1]
        self.assertEqual((CLIENT_ID, "", ""), (order.client_id, order.details, order.join))
        self.sight = SIGHT
        self.clock.advance(BEAT)
        self.assertEqual((1, join_secret(CODE)), (len(self.invited), self.agents.orders[-1][1].join))
        self.desk.stopService()
        self.assertEqual("", self.agents.orders[-1][1].client_id)
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_new_agent(self) -> None:
        """An agent that was started anew is told all; one that refuses harms nobody."""
        self.agents.refuse = True
        self.start()
        before = len(self.agents.orders)
        self.agents.attended += 1
        self.clock.advance(BEAT)
        self.assertEqual(before + 1, len(self.agents.orders))

    def test_no_invitation(self) -> None:
        """Where none can be made the game is shown without; a stop waits for none."""
        self.invitation = fail(Refused("not_allowed", "only the host"))
        order = self.start()
        self.assertEqual(("Quake", ""), (order.details, order.join))
        self.desk.stopService()
        self.invitation = Deferred()
        self.desk = DiscordDesk(
            self.clock, self.agents, lambda: self.settings, lambda: self.sight, self.invite, lambda pid: ANN
        )
        self.start()
        self.desk.stopService()
        self.assertEqual([], self.flushLoggedErrors())

    def test_bug(self) -> None:
        """A look that fails does not stop the next."""
        broken: Any = None
        self.sight = broken
        self.desk.startService()
        self.assertEqual(1, len(self.flushLoggedErrors()))
        self.sight = SIGHT
        self.clock.advance(BEAT)
        self.assertEqual("Quake", self.agents.orders[-1][1].details)
        self.desk.stopService()


class OfferTests(SynchronousTestCase):
    """:class:`LinkOffers`."""

    def test_life(self) -> None:
        """The newest of each user waits, for ten minutes, and is told to who asks the user."""
        clock = Clock()
        heard: list[LinkOffer] = []
        offers = LinkOffers(clock)
        offers.listen(heard.append)
        offers.take(ANN, code("old.example.org:1").link())
        taken = offers.take(ANN, CODE.link())
        self.assertEqual((taken, None, 2), (offers.of(ANN), offers.of(BEN), len(heard)))
        self.assertNotIn(CODE.encode(), repr(taken))
        clock.advance(LASTING)
        self.assertIsNone(offers.of(ANN))
        with self.assertRaises(BadInput):
            offers.take(ANN, "lanrage://example.org/join#LR1-x")
        for user in range(USERS_LIMIT + 1):
            offers.take(user, CODE.link())
        self.assertEqual((None, CODE), (offers.of(0), getattr(offers.of(USERS_LIMIT), "code", None)))


class NodeTests(PartyCase):
    """Whole nodes."""

    def test_sight(self) -> Deferred[None]:
        """The host may invite, a member may not; the invitation that is made is a real one of few uses."""

        async def life() -> None:
            anna, bert, _, _ = await self.party()
            sights = [seen(each.node._life, each.node.games) for each in (anna, bert)]
            self.assertEqual([True, False], [each.may_invite for each in sights])
            self.assertEqual(seen(None, anna.node.games).party, None)
            text = await anna.node._invite_friends(2, INVITED_HOURS)
            self.assertNotEqual("", join_secret(InvitationCode.decode(text)))

        return self.run_async(life())

    def test_settings(self) -> Deferred[None]:
        """Both settings count at once."""

        async def life() -> None:
            anna, _, _, _ = await self.party()
            values = {"discord.client_id": CLIENT_ID, "discord.join": "on"}
            await perform(anna.node, "settings.set", {"values": values})
            self.assertEqual(DiscordSettings(CLIENT_ID, True), anna.node._shown_as())
            with self.assertRaises(BadInput):
                await perform(anna.node, "settings.set", {"values": {"discord.client_id": "LANrage"}})

        return self.run_async(life())

    def test_offers(self) -> Deferred[None]:
        """An agent's link waits for its user alone; nothing is joined by it."""

        async def life() -> None:
            anna, _, _, _ = await self.party()
            agent, other = Caller(ANN, lambda: None), Caller(BEN, lambda: None)
            with self.assertRaises(Refused):
                await perform(anna.node, "agent.link", {"link": CODE.link()}, caller=agent)
            anna.node.games.agents.attend(agent, lambda text: None, "")
            kept = await perform(anna.node, "agent.link", {"link": CODE.link()}, caller=agent)
            self.assertEqual(PARTY, kept["party_id"])
            (offer,) = (await perform(anna.node, "party.offers", {}, caller=agent))["offers"]
            self.assertEqual((CODE.link(), "play.example.org:7766"), (offer["link"], offer["server"]))
            self.assertEqual([], (await perform(anna.node, "party.offers", {}, caller=other))["offers"])
            self.assertEqual("LAN on Friday", (await anna.node.show_party())["name"])
            agent.lost()

        return self.run_async(life())


class CommandTests(CommandCase):
    """``lanrage party offers``."""

    def test_shown(self) -> None:
        """Where the party is, and what to type; or that there is none."""
        out = self.done("party", "offers")
        self.assertIn("A party at play.example.org:7766 invites you, for 10 minutes.", out)
        self.assertIn(f"lanrage party join '{LINK}'", out)
        self.node.no_offer = True
        self.assertIn("No invitation waits", self.done("party", "offers"))
