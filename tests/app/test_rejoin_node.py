"""A node that is in its party while somebody is logged in (``desktop.rejoin``): two nodes, their machines in memory."""

from __future__ import annotations

from lanrage.app import rejoin_node
from lanrage.app.caller import Caller
from lanrage.app.desktop_config import DesktopSettings
from lanrage.app.operations import perform
from lanrage.app.party_news import party_seen
from lanrage.app.rejoin_node import AWAY
from lanrage.core.game_orders import ShowNote, decode_order
from lanrage.errors import Refused, StoreError
from tests.app.node_world import PartyCase, Player

USER = 1000
BACK = "You are back in LAN on Friday."


class Session:
    """An agent of Bert's user.

    :ivar notes: what its desktop is shown.
    """

    def __init__(self, player: Player, user: int = USER) -> None:
        self.player, self.notes = player, list[str]()
        self.caller = Caller(user, lambda: None)
        player.node.games.agents.attend(self.caller, self._shown, "").addErrback(lambda _: None)

    def _shown(self, text: str) -> None:
        order = decode_order(text)
        assert isinstance(order, ShowNote)
        self.notes.append(order.text)

    async def rejoin(self, login: bool = True) -> str:
        """Ask; how it went."""
        told = await perform(self.player.node, "agent.rejoin", {"login": login}, caller=self.caller)
        outcome: str = told["outcome"]
        return outcome


class RejoinCase(PartyCase):
    """Anna and Bert are in a party; on Bert's machine log-ins count."""

    async def at_bert(self) -> tuple[Player, Player]:
        """Anna's party, which Bert has joined."""
        await self.serve()
        anna, bert = await self.player("anna", 1), await self.player("bert", 2)
        await bert.join((await anna.create())["code"])
        await self.counts(bert)
        return anna, bert

    async def alone(self, rejoin: str = "on") -> Player:
        """Bert's own party."""
        await self.serve()
        bert = await self.player("bert", 2)
        await bert.create()
        await self.counts(bert, rejoin)
        return bert

    async def counts(self, bert: Player, rejoin: str = "on") -> None:
        """Set it, and begin what the role begins beside the node."""
        await perform(bert.node, "settings.set", {"values": {"desktop.rejoin": rejoin}}, caller=Caller(0, lambda: None))
        bert.desktop = DesktopSettings(rejoin=rejoin == "on")  # as the settings say at its next start
        self.desk_of(bert)

    def desk_of(self, player: Player) -> None:
        """As the role does, beside the node."""
        player.node.desktop.startService()
        self.addCleanup(player.node.desktop.stopService)

    def log_in(self, player: Player, user: int = USER) -> Session:
        """An agent comes, and goes at the end at the latest."""
        session = Session(player, user)
        self.addCleanup(session.caller.lost)
        return session

    async def log_out(self, session: Session) -> None:
        """Its agent goes, and the grace is over."""
        session.caller.lost()
        session.player.node.everybody_out()
        await self.until(lambda: self.away(session.player))
        self.assertIsNone(party_seen(session.player.node._life), "nobody is told that the members are offline")

    def away(self, player: Player) -> bool:
        """Whether nothing of the party is left on the machine."""
        life = player.node._life
        return life is not None and life.away and player.machinery.standing == ([], [])

    async def remembered(self, player: Player, now: bool) -> None:
        """Its latest party is the one that it is in now, or not any more."""
        recent = player.node.recent
        if not recent.running:
            recent.startService()
            self.addCleanup(recent.stopService)
        await self.until(lambda: recent.parties)
        (party,) = (await player.node.recent_parties())["parties"]
        self.assertIs(party["now"], now)

    async def sees(self, watcher: Player, name: str, online: bool) -> None:
        """Wait until one member sees another so."""

        async def seen() -> bool:
            members = (await watcher.node.show_party())["members"]
            return {each["name"]: each["online"] for each in members}.get(name) is online

        await self.until(seen)


class RejoinTests(RejoinCase):
    """With the setting on."""

    async def test_log_out_and_in(self) -> None:
        """Out, seen offline and told so; back by the first who asks, who is told once; the path stands again."""
        anna, bert = await self.at_bert()
        session = self.log_in(bert)
        self.assertEqual(await session.rejoin(), "there")
        await self.remembered(bert, now=True)
        await self.log_out(session)
        await self.sees(anna, "bert", online=False)
        self.assertIn(AWAY, (await bert.node.status())["missing"])
        await self.remembered(bert, now=False)
        ann, ben = self.log_in(bert), self.log_in(bert, USER + 1)
        first, second = ann.rejoin(), ben.rejoin()
        self.assertEqual((await first, await second), ("back", "there"))
        await self.until(lambda: ann.notes)
        await self.until_paths(anna, bert)
        self.assertEqual((ann.notes, ben.notes, await ann.rejoin()), ([BACK], [], "there"))
        self.assertEqual((ann.notes, (await bert.node.status())["missing"]), ([BACK], []))

    async def test_after_a_restart(self) -> None:
        """Nobody is logged in when the node begins: it stays out until somebody is; a new connection of the same
        session is no log-in, and tells nothing. One that asks while the node begins is heard."""
        bert = await self.alone()
        await bert.stop()
        await bert.start()
        self.assertTrue(self.away(bert))
        self.desk_of(bert)
        session = self.log_in(bert)
        self.assertEqual((await session.rejoin(login=False), session.notes), ("back", []))
        await bert.stop()
        bert.node = bert.make()
        early = self.log_in(bert)
        self.desk_of(bert)
        bert.node.startService()
        self.running.append(bert.node)
        self.assertEqual(await early.rejoin(), "there")
        await self.until(lambda: early.notes)
        self.assertEqual((early.notes, await early.rejoin()), ([BACK], "there"))

    async def test_left_on_purpose(self) -> None:
        """Before the log-out or after it: nothing is rejoined, and the others know that Bert left."""
        anna, bert = await self.at_bert()
        session = self.log_in(bert)
        await self.log_out(session)
        await bert.node.leave_party()

        async def gone() -> bool:
            return [each["name"] for each in (await anna.node.show_party())["members"]] == ["anna"]

        await self.until(gone)
        again = self.log_in(bert)
        self.assertEqual((await again.rejoin(), again.notes), ("none", []))
        await bert.stop()
        await bert.start()
        self.desk_of(bert)
        last = self.log_in(bert)
        self.assertEqual((await last.rejoin(), last.notes), ("none", []))

    async def test_thrown_out(self) -> None:
        """Kicked while nobody was logged in: the node learns it at log-in, goes, and tells nobody that it is back."""
        anna, bert = await self.at_bert()
        await self.log_out(self.log_in(bert))
        await anna.node.ban(member="bert")
        session = self.log_in(bert)
        await session.rejoin()

        async def out() -> bool:
            return (await bert.node.status())["state"] == "idle"

        await self.until(out)
        self.assertEqual((await session.rejoin(), session.notes), ("none", []))

    async def test_server_away(self) -> None:
        """Without the control server this machine is back all the same, and its user is told what is missing."""
        bert = await self.alone()
        await self.log_out(self.log_in(bert))
        await self.unserve()
        self.patch(rejoin_node, "IN_STEP_S", 0.2)
        session = self.log_in(bert)
        self.assertEqual(await session.rejoin(), "back")
        await self.until(lambda: session.notes)
        self.assertEqual(session.notes, [f"{BACK}\nIts control server is not reached yet."])

    async def test_machine_mended(self) -> None:
        """A machine that cannot take part at the moment goes on trying, and is back."""
        bert = await self.alone()
        await self.log_out(self.log_in(bert))
        bert.machinery.broken = StoreError("no space is left")
        session = self.log_in(bert)
        await session.rejoin()
        await self.until(lambda: session.notes)
        self.assertIn("this machine is not back in the party.", session.notes[0])
        bert.machinery.broken = None
        life = bert.node._own()
        await self.until(lambda: life.session is not None)
        self.assertEqual((life.trouble, life.away), ("", False))

    async def test_broken_machine(self) -> None:
        """A machine that cannot take part says why."""
        bert = await self.alone()
        await self.log_out(self.log_in(bert))
        bert.machinery.broken = Refused("busy", "the tunnel's port is taken")
        session = self.log_in(bert)
        self.assertEqual(await session.rejoin(), "back")
        await self.until(lambda: session.notes)
        self.assertIn("this machine is not back in the party.\nthe tunnel's port is taken", session.notes[0])


class OtherTests(RejoinCase):
    """What else is asked."""

    async def test_off(self) -> None:
        """Where log-ins do not count nobody's log-out takes the node away; turned off while it is out, it is back."""
        bert = await self.alone("off")
        session = self.log_in(bert)
        self.assertEqual(await session.rejoin(), "off")
        session.caller.lost()
        bert.node.everybody_out()
        player = Caller(0, lambda: None)
        await perform(bert.node, "settings.set", {"values": {"desktop.rejoin": "on"}}, caller=player)
        self.assertFalse(self.away(bert))
        await self.log_out(self.log_in(bert))
        await perform(bert.node, "settings.set", {"values": {"desktop.rejoin": "off"}}, caller=player)
        await self.until(lambda: not self.away(bert))
        self.assertEqual((await bert.node.status())["missing"], [])

    async def test_logged_in_again(self) -> None:
        """Who logs in while the log-out waits for another operation keeps the node in its party."""
        bert = await self.alone()
        session = self.log_in(bert)
        lock = bert.node._lock
        await lock.acquire()
        session.caller.lost()
        bert.node.everybody_out()
        again = self.log_in(bert)
        asked = again.rejoin()
        lock.release()
        self.assertEqual((await asked, again.notes), ("there", []))
        self.assertFalse(self.away(bert))

    async def test_strangers(self) -> None:
        """Only an agent asks."""
        bert = await self.alone()
        caller = Caller(USER, lambda: None)
        asked = perform(bert.node, "agent.rejoin", {}, caller=caller)
        await self.fails(Refused, "not_allowed", asked)
