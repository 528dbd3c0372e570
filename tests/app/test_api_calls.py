"""Calls by messages, without a socket: what can be watched, and what can be ended."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.api_calls import WATCH_LIMIT, Calls
from lanrage.app.watching import BEAT, GAP
from lanrage.wire.local import Answer
from tests.api_line import Line
from tests.fakes_node import FakeNode
from tests.log_tape import start_tape


class ConversationTests(SynchronousTestCase):
    """Watching and ending, by messages."""

    def setUp(self) -> None:
        """One connection."""
        self.clock, self.node = Clock(), FakeNode()
        self.line = Line(Calls(self.clock, self.node))

    def said(self, op: str, args: Any = None, watch: bool = False) -> Answer:
        """The last answer after a call."""
        self.line.say(op, args, watch)
        self.clock.advance(0)
        return self.line.answers[-1]

    def state(self) -> str:
        """The first state of a watch of the node's status."""
        event: Any = self.said("status", {}, True).event
        return str(event["state"])

    def code(self, *said: Any) -> tuple[str, str | None]:
        """Code and field of the error that a call got."""
        error = self.said(*said).error
        assert error is not UNSET
        return error.code, error.field

    def test_what_can_be_watched(self) -> None:
        """What reads, with good arguments."""
        self.assertEqual(self.code("party.leave", {}, True), ("bad_input", "watch"))
        self.assertEqual(self.code("nothing", {}, True), ("bad_input", "op"))
        self.assertEqual(self.code("status", {"x": 1}, True), ("bad_input", "args"))
        self.assertEqual(self.code("party.show", {}, True), ("not_in_party", None))
        self.assertEqual(self.state(), "idle")

    def test_who_watches_in_vain(self) -> None:
        """Is told so each time; the log is not."""
        tape = start_tape(self)
        for _ in range(3):
            self.assertEqual(self.code("party.show", {}, True), ("not_in_party", None))
        self.assertEqual(tape.of("api"), [])

    def test_defaults_make_no_difference(self) -> None:
        """Arguments that are filled in are the same question."""
        self.said("profile.slow", {}, True)
        self.said("profile.slow", {"limit": 50}, True)
        self.said("profile.slow", {"limit": 20}, True)
        self.assertEqual(len(self.line.calls.watching), 2)

    def test_a_change_is_seen_at_once(self) -> None:
        """An operation of anybody nudges what is watched, after the rest that it is owed."""
        self.said("status", {}, True)
        self.clock.advance(GAP)
        self.said("party.join", {"code": "LR1-x", "member_name": "Ann"})
        self.assertEqual([state["state"] for state in self.line.states(1)], ["idle", "in-party"])

    def test_who_does_not_read(self) -> None:
        """Gets nothing, and when it reads again the newest state alone, at once; nothing where that is no news."""
        self.said("status", {}, True)
        self.line.pause()
        for name in ("Friday", "Saturday", "Sunday"):
            self.node.party = name
            self.clock.advance(BEAT)
        late = self.line.say("status", watch=True)
        self.line.resume()
        names = [state["party"] and state["party"]["name"] for state in self.line.states(1)]
        self.assertEqual((names, len(self.line.states(late))), ([None, "Sunday"], 1))
        self.line.pause()
        self.line.resume()
        self.assertEqual((len(self.line.states(1)), self.line.unwanted), (2, []))

    def test_too_many(self) -> None:
        """More than the limit are refused, and one that ends makes room."""
        for _ in range(WATCH_LIMIT):
            self.said("status", {}, True)
        self.assertEqual(self.code("status", {}, True), ("busy", None))
        self.assertEqual(self.said("call.end", {"id": 1}).result, {"ended": True})
        self.assertEqual(self.state(), "idle")

    def test_ids_of_watches_are_taken(self) -> None:
        """Until they are ended."""
        self.said("status", {}, True)
        self.line.number -= 1
        self.assertEqual(self.code("status"), ("bad_input", "id"))

    def test_ending_a_long_operation(self) -> None:
        """It is cancelled and its caller told; one that is short, or another's, or none, is not."""
        self.node.held = Deferred()
        joining = self.line.say("party.join", {"code": "LR1-x", "member_name": "Ann"})
        other = Line(self.line.calls)
        other.say("call.end", {"id": joining})
        self.assertEqual(other.answers[-1].result, {"ended": False})
        self.assertEqual(self.said("call.end", {"id": joining}).result, {"ended": True})
        codes = {answer.id: answer.error.code for answer in self.line.answers if answer.error is not UNSET}
        self.assertEqual(codes[joining], "ended")
        self.assertIsNone(self.node.party)
        self.assertEqual(self.said("call.end", {"id": joining}).result, {"ended": False})
        self.assertEqual(self.code("call.end", {"id": -1}), ("bad_input", "id"))
        attending = self.line.say("agent.attend", {})
        self.assertEqual(self.said("call.end", {"id": attending}).result, {"ended": False})

    def test_a_bug_ends_the_watch(self) -> None:
        """It is logged once, and told as one."""
        self.node.failures["status"] = ZeroDivisionError()
        self.assertEqual(self.code("status", {}, True), ("internal", None))
        self.clock.advance(10)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
