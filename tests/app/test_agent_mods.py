"""Modifications where the node is a system's service: read by the agent, asked for, compared before play."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import attrs
import msgspec
from hypothesis import given
from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.agent_desk import AgentDesk
from lanrage.app.agent_mods import ModLooking, asking, from_parts, in_parts
from lanrage.app.caller import Caller
from lanrage.app.game_mods_node import GameModsNode
from lanrage.app.game_mods_own import KEPT, OwnModLists
from lanrage.core.game_mods import ModList, Verdict
from lanrage.core.game_orders import LookMods, ModsFound, ModTold, decode_order
from lanrage.core.game_profile import ModKind, Mods
from lanrage.core.server_entry import Origin
from lanrage.errors import BadInput
from tests.app.test_game_mods import DIFFERS, LARGEST, OTHER, RULE, SHORT, TAG, Files, ModsCase
from tests.strategies_mods import MOD_LISTS

NO_FILES: Any = None


@attrs.define
class Agent:
    """An agent of a user in memory: it answers at once, from what it has.

    :ivar asked: how often it was.
    """

    desk: AgentDesk
    user: int
    mods: ModList = SHORT
    refuses: str = ""
    asked: int = 0
    caller: Caller = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.caller = Caller(self.user, lambda: None)
        self.desk.attend(self.caller, self._ordered, "")

    def _ordered(self, text: str) -> None:
        order = decode_order(text)
        assert isinstance(order, LookMods)
        self.asked += 1
        if self.refuses:
            self.desk.done(self.caller, order.number, self.refuses, None)
            return
        for part in in_parts(self.mods):
            self.desk.done(self.caller, order.number, "", part)


class PartTests(SynchronousTestCase):
    """How a list goes."""

    @given(MOD_LISTS)
    def test_round_trip(self, mods: ModList) -> None:
        """It comes as it went, and each part but the last says that more follows."""
        parts = in_parts(mods)
        assert from_parts(parts) == mods
        assert [part.more for part in parts] == [True] * (len(parts) - 1) + [False]

    def test_largest(self) -> None:
        """Ten parts, each of which can be told."""
        parts = in_parts(LARGEST)
        self.assertEqual(10, len(parts))
        self.assertEqual(list(parts), msgspec.convert(msgspec.to_builtins(parts), list[ModsFound]))

    def test_refused(self) -> None:
        """What is no list is none: a name twice, one that cannot be shown, half a hash, too many."""
        for told in ([ModTold("a")] * 2, [ModTold("\u202ea")], [ModTold("a", "ff")], [ModTold("é" * 121)]):
            self.assertRaises(BadInput, from_parts, (ModsFound(mods=told),))
        self.assertRaises(BadInput, from_parts, (*in_parts(LARGEST), ModsFound(mods=[ModTold("one more")])))


class LookTests(SynchronousTestCase):
    """The agent's side."""

    def look(self, files: Files, home: str | None = "/home/ana", rule: Mods | None = RULE) -> Deferred[Any]:
        """What it gives back."""
        profile = attrs.evolve(TAG, mods=rule)
        looking = ModLooking(OwnModLists(Clock(), files.read, home), {"tag": profile}.get)
        return ensureDeferred(looking(LookMods(game="tag")))

    def test_list(self) -> None:
        """By its own profiles' rule, in its user's home."""
        self.assertEqual(SHORT, from_parts(self.successResultOf(self.look(Files()))))

    def test_why_not(self) -> None:
        """No rule, too many, a game's folder, an agent of root: each is said."""
        too_many = Files(error=BadInput("mods", "more than 1000 modifications"))
        in_game = Mods(next(iter(ModKind)), ("mods/*.jar",))
        for looking, word in (
            (self.look(Files(), rule=None), "names no modifications"),
            (self.look(too_many), "more than 1000"),
            (self.look(Files(), rule=in_game), "game's folder"),
            (self.look(Files(), home=None), "service"),
        ):
            self.assertIn(word, str(self.failureResultOf(looking, BadInput).value))


class AskTests(SynchronousTestCase):
    """The node's side: a service, with agents."""

    def setUp(self) -> None:
        """No home."""
        self.clock = Clock()
        self.desk = AgentDesk(self.clock, lambda windows: None)
        self.lists = OwnModLists(self.clock, NO_FILES, None, asking(self.desk))

    def get(self, user: int | None = None) -> ModList | str:
        """A list, or the trouble."""
        own = self.successResultOf(self.lists.get("tag", RULE, user))
        return own.trouble or own.mods

    def test_nobody(self) -> None:
        """Without a player's agent that is said; one that comes is asked at once."""
        Agent(self.desk, 0)
        self.assertIn("no agent of a player", str(self.get()))
        Agent(self.desk, 1000)
        self.assertEqual(SHORT, self.get())

    def test_whose(self) -> None:
        """The caller's own agent; who has none, and members, get that of the player who came last. Each is kept."""
        ana, ben = Agent(self.desk, 1000), Agent(self.desk, 1001, OTHER)
        self.assertEqual([SHORT, OTHER, OTHER, OTHER], [self.get(user) for user in (1000, 1001, 0, None)])
        self.assertEqual([SHORT, OTHER, OTHER, OTHER], [self.get(user) for user in (1000, 1001, 0, None)])
        self.assertEqual((1, 3), (ana.asked, ben.asked))
        self.clock.advance(KEPT)
        ana.mods = LARGEST
        self.assertEqual(LARGEST, self.get(1000))

    def test_refusal(self) -> None:
        """What the agent says is told, and it is not asked again at once; a list that breaks a rule is none."""
        agent = Agent(self.desk, 1000, refuses="game: they are in the game's folder")
        self.assertIn("in the game's folder", str(self.get()))
        self.assertIn("in the game's folder", str(self.get()))
        self.assertEqual(1, agent.asked)
        self.clock.advance(KEPT)
        agent.refuses, agent.mods = "", ModList((SHORT.mods[0],) * 2)
        self.assertIn("each name once", str(self.get()))


class BesideTests(ModsCase):
    """The hosting member's list beside ours, for who wants to join."""

    def setUp(self) -> None:
        """Anna's node is a service; an agent of hers is there."""
        super().setUp()
        self.ours.leave()
        self.desk = AgentDesk(self.world.clock, lambda windows: None)
        self.agent = Agent(self.desk, 1000)
        self.ours = self.parts[0] = self.service()
        self.node = GameModsNode()
        profiles = {"tag": TAG, "plain": attrs.evolve(TAG, mods=None)}
        vars(self.node)["games"] = SimpleNamespace(profiles=profiles, side=SimpleNamespace(mods=self.ours))

    def service(self) -> Any:
        """A part of Anna's channel that reads nothing itself."""
        part = self.join(self.anna, Files(), None)
        part._own = OwnModLists(self.world.clock, NO_FILES, None, asking(self.desk))
        self.anna.channel.follow()
        return part

    def beside(self, game: str = "tag", own: bool = False, member: bytes | None = b"") -> Any:
        """What is told to who wants to join a server of Carl's."""
        carl = self.carl.keys.identity.public if member == b"" else member
        server = SimpleNamespace(game=game, origin=Origin("10.66.0.3", carl, own))
        listed: Any = SimpleNamespace(server=server, member="Carl")
        comparing = ensureDeferred(self.node.mods_beside(listed, Caller(1000, lambda: None)))
        self.world.run(0.2)
        return self.successResultOf(comparing)

    def test_compared(self) -> None:
        """The agent's list with the member's, and others hear the agent's list from the service."""
        told = self.beside()
        self.assertEqual(("Carl", "differs", ""), (told.member, told.verdict, told.reason))
        self.assertEqual((["c.jar"], ["a.jar"], ["b.jar"]), (told.missing_here, told.missing_there, told.other))
        asked = ensureDeferred(self.berts.compare("tag"))
        self.world.run(0.2)
        found = self.successResultOf(asked)[1]
        self.assertEqual(Verdict.SAME, found[self.anna.keys.identity.public].verdict)
        self.assertEqual(DIFFERS, found[self.carl.keys.identity.public])

    def test_not_compared(self) -> None:
        """A game without a rule, one's own server or nobody's are not; where our list is not known, that is said."""
        for told in (self.beside("plain"), self.beside("x"), self.beside(own=True), self.beside(member=None)):
            self.assertIsNone(told)
        self.agent.caller.lost()
        told = self.beside()
        self.assertEqual("unknown-here", told.verdict)
        self.assertIn("no agent of a player", told.reason)


class HeldTests(SynchronousTestCase):
    """Readings that several wait for."""

    def test_one_gives_up(self) -> None:
        """The others still get the list."""
        held: Deferred[ModList] = Deferred()
        lists = OwnModLists(Clock(), NO_FILES, None, lambda game, user: held)
        first, second = lists.get("tag", RULE), lists.get("tag", RULE)
        first.addErrback(lambda _: None)
        first.cancel()
        held.callback(SHORT)
        self.assertEqual(SHORT, self.successResultOf(second).mods)
        self.assertEqual(SHORT, self.successResultOf(lists.get("tag", RULE)).mods)
