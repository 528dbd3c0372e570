"""What a node knows of its users' agents, against a model that a machine drives."""

from __future__ import annotations

import os
from collections.abc import Sequence

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from msgspec.structs import replace
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.agent_desk import AGENTS_LIMIT, USER_LIMIT, AgentDesk
from lanrage.app.caller import Caller
from lanrage.core.game_orders import Launch, decode_order
from lanrage.core.game_windows import Window
from lanrage.errors import Refused
from lanrage.net.process_ends import owner_of

ORDER = Launch(game="openttd", address="10.66.0.2", port=3979)
WINDOWS = [Window("OpenTTD 13.0", "openttd", 71, "openttd")]


def caller(user: int = 1000) -> Caller:
    """A program that calls."""
    return Caller(user, lambda: None)


class Desk(SynchronousTestCase):
    """One desk."""

    def setUp(self) -> None:
        """It notes what it is told."""
        self.seen: list[list[Window]] = []
        self.desk = AgentDesk(Clock(), lambda windows: self.seen.append(list(windows)), {71: 1000, 1: 0}.get)

    def test_orders_reach_the_user_s_own_agent(self) -> None:
        """The newest of that user, and nobody else's."""
        said: dict[str, list[str]] = {"old": [], "new": [], "other": []}
        self.desk.attend(caller(), said["old"].append, "")
        newest = caller()
        done = self.desk.attend(newest, said["new"].append, "")
        self.desk.attend(caller(1001), said["other"].append, "")
        answer = self.desk.ask(1000, ORDER)
        self.assertEqual("no_agent", self.failureResultOf(self.desk.ask(1002, ORDER), Refused).value.code)
        number = decode_order(said["new"][0]).number
        self.assertEqual([replace(ORDER, number=number)], [decode_order(text) for text in said["new"]])
        self.assertEqual((said["old"], said["other"], self.desk.users), ([], [], (1001, 1000)))
        self.desk.done(newest, number, "", None)
        self.assertEqual((), self.successResultOf(answer))
        unanswered = self.desk.ask(1000, ORDER)
        newest.lost()
        self.assertEqual("agent_gone", self.failureResultOf(unanswered, Refused).value.code)
        self.assertEqual(self.successResultOf(done), 2)

    def test_answers_of_others_do_not_count(self) -> None:
        """Neither those of another user's agent, nor those of a program that is none."""
        said: list[str] = []
        other = caller(1001)
        self.desk.attend(caller(), said.append, "")
        self.desk.attend(other, lambda text: None, "")
        answer = self.desk.ask(1000, ORDER)
        number = decode_order(said[0]).number
        for stranger, code in ((other, "no_order"), (caller(), "not_allowed")):
            self.assertEqual(code, self.assertRaises(Refused, self.desk.done, stranger, number, "", None).code)
        self.assertNoResult(answer)

    def test_windows_go_with_their_agent(self) -> None:
        """What a session showed is forgotten when its agent is gone."""
        one = caller()
        self.desk.attend(one, lambda text: None, "there is no graphical session")
        self.assertEqual(self.desk.shown()[0].blind, "there is no graphical session")
        self.assertEqual(self.desk.windows(one, WINDOWS), 1)
        self.assertEqual((self.desk.shown()[0].blind, self.desk.shown()[0].windows), ("", 1))
        one.lost()
        self.assertEqual((self.seen, self.desk.shown()), ([WINDOWS, []], []))

    def test_only_own_processes_count(self) -> None:
        """A window that names another user's process, or one that is gone, is a window without a process."""
        one = caller()
        self.desk.attend(one, lambda text: None, "")
        self.desk.windows(one, [Window("a", "k", 71, "a"), Window("b", "k", 1, "init"), Window("c", "k", 9, "gone")])
        self.assertEqual(self.seen[-1], [Window("a", "k", 71, "a"), Window("b", "k"), Window("c", "k")])

    def test_the_kernel_says_whose_it_is(self) -> None:
        """By its files of processes."""
        self.assertEqual(owner_of(os.getpid()), os.geteuid())
        self.assertIsNone(owner_of(2**22 + 1))

    def test_strangers_tell_nothing(self) -> None:
        """Windows come from agents alone, and a connection is one agent."""
        self.assertEqual(self.assertRaises(Refused, self.desk.windows, caller(), WINDOWS).code, "not_allowed")
        one = caller()
        self.desk.attend(one, lambda text: None, "")
        self.assertEqual(self.assertRaises(Refused, self.desk.attend, one, lambda text: None, "").code, "busy")


class DeskMachine(RuleBasedStateMachine):
    """Agents come, tell and go in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: Sequence[Window] = ()
        self.desk = AgentDesk(Clock(), self._see)
        self.there: list[Caller] = []
        self.told: dict[Caller, tuple[Window, ...]] = {}

    def _see(self, windows: Sequence[Window]) -> None:
        self.seen = tuple(windows)

    @rule(user=st.sampled_from([0, 1000, 1001, 1002, 1003]))
    def come(self, user: int) -> None:
        """One more, or one too many."""
        one = caller(user)
        if len(self.there) == AGENTS_LIMIT or sum(each.user == user for each in self.there) == USER_LIMIT:
            try:
                self.desk.attend(one, lambda text: None, "")
            except Refused:
                return
            raise AssertionError("one too many was taken")
        self.desk.attend(one, lambda text: None, "")
        self.there.append(one)

    @precondition(lambda self: self.there)
    @rule(data=st.data(), titles=st.lists(st.sampled_from(["a", "b", "c", ""]), max_size=4))
    def tell(self, data: st.DataObject, titles: list[str]) -> None:
        """One tells what it shows; windows without a title do not count, and each does once."""
        one = data.draw(st.sampled_from(self.there))
        self.desk.windows(one, [Window(title) for title in titles])
        self.told[one] = tuple(Window(title) for title in sorted(set(titles) - {""}))

    @precondition(lambda self: self.there)
    @rule(data=st.data())
    def go(self, data: st.DataObject) -> None:
        """One is gone."""
        one = data.draw(st.sampled_from(self.there))
        self.there.remove(one)
        self.told.pop(one, None)
        one.lost()

    @invariant()
    def all_windows_are_seen(self) -> None:
        """Those of all agents that are there, and no others."""
        assert self.seen == tuple(window for one in self.there for window in self.told.get(one, ()))
        assert [each.user for each in self.desk.shown()] == [one.user for one in self.there]


TestDeskMachine = DeskMachine.TestCase
