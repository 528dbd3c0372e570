"""Watched operations: each reader has the last state, is sent it once, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import attrs
import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from msgspec import UNSET
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.api_calls import WATCH_LIMIT, Calls
from lanrage.app.watching import BEAT, GAP, Question, Watching
from lanrage.wire.local import Call
from tests.api_line import Line
from tests.fakes_node import FakeNode

NAMES = st.sampled_from(["Friday", "Saturday", ""])
OPS = st.sampled_from(["status", "party.show", "tasks"])
READERS = st.integers(0, 2)
A, B = Question("status", b"{}"), Question("paths", b"{}")


@attrs.define(eq=False)
class Reader:
    """A watcher that keeps what it is told."""

    states: list[Any] = attrs.Factory(list)
    failures: list[Failure] = attrs.Factory(list)

    def offer(self, state: bytes) -> None:
        """See :class:`IWatcher`."""
        self.states.append(msgspec.json.decode(state))

    def fail(self, failure: Failure) -> None:
        """See :class:`IWatcher`."""
        self.failures.append(failure)


class _Gone:
    """A watcher that can be told nothing, its end included."""

    def offer(self, state: bytes) -> None:
        """See :class:`IWatcher`."""
        raise ZeroDivisionError(state)

    def fail(self, failure: Failure) -> None:
        """See :class:`IWatcher`."""
        raise ZeroDivisionError(failure)


class SharingTests(SynchronousTestCase):
    """When an operation is asked, and for whom."""

    def setUp(self) -> None:
        """A question that is answered by how often it was asked."""
        self.clock = Clock()
        self.watching = Watching(self.clock)
        self.asked: list[float] = []
        self.held: list[Deferred[Any]] | None = None
        self.cancelled = 0

    async def answer(self) -> Any:
        """The count, at once or when it is let go."""
        self.asked.append(self.clock.seconds())
        if self.held is not None:
            self.held.append(Deferred(self.cancel))
            await self.held[-1]
        return len(self.asked)

    def cancel(self, _: Deferred[Any]) -> None:
        """An answer is not wanted any more."""
        self.cancelled += 1

    def watch(self, question: Question = A, ask: Any = None) -> tuple[Reader, Callable[[], None]]:
        """A reader, and its end."""
        reader = Reader()
        return reader, self.watching.watch(question, ask or self.answer, reader)

    def test_one_answer_for_all(self) -> None:
        """Two who watch the same share each answer, the second gets the last one at once; others have their own."""
        first, _ = self.watch()
        self.clock.advance(0)
        second, _ = self.watch()
        self.assertEqual((first.states, second.states), ([1], [1]))
        self.watch(B)
        self.clock.pump([0.25] * 4)
        self.assertEqual(first.states, [1, 3])
        self.assertEqual(second.states, [1, 3])

    def test_one_that_can_be_told_nothing(self) -> None:
        """It ends alone, and is logged once; the others are told on."""
        self.watching.watch(A, self.answer, _Gone())
        reader, _ = self.watch()
        self.clock.pump([0, BEAT])
        self.assertEqual((reader.states, reader.failures), ([1, 2], []))
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))

    def test_the_beat_and_the_gap(self) -> None:
        """Asked once a beat, sooner when nudged, never within the gap."""
        self.watch()
        self.clock.pump([0.125] * 24)
        self.assertEqual(self.asked, [0.125, 1.125, 2.125])
        del self.asked[:]
        for _ in range(16):
            self.watching.nudge()
            self.clock.advance(0.125)
        self.assertEqual([later - sooner for sooner, later in pairwise(self.asked)], [GAP] * 3)

    def test_a_slow_answer(self) -> None:
        """It is not asked again before it came, and once more where it was nudged meanwhile."""
        self.held = []
        reader, _ = self.watch()
        self.clock.advance(0)
        self.watching.nudge()
        self.clock.advance(10)
        self.assertEqual((len(self.asked), reader.states), (1, []))
        self.held[0].callback(None)
        self.clock.advance(GAP)
        self.assertEqual((len(self.asked), reader.states), (2, [1]))

    def test_the_last_one_leaves(self) -> None:
        """Nothing is asked or waits any more, and an answer that is under way is cancelled."""
        self.held = []
        _, end = self.watch()
        _, other = self.watch()
        self.clock.advance(0)
        end()
        end()
        self.assertEqual(len(self.watching), 1)
        other()
        self.assertEqual((len(self.watching), self.clock.getDelayedCalls()), (0, []))
        self.assertEqual(self.cancelled, 1)

    def test_a_failure_ends_all_who_watch_it(self) -> None:
        """Each is told once, others go on, and who watches again is served."""

        async def fails() -> Any:
            raise ZeroDivisionError

        one, end = self.watch(ask=fails)
        two, _ = self.watch(ask=fails)
        three, _ = self.watch(B)
        self.clock.advance(BEAT)
        end()
        self.assertEqual([len(each.failures) for each in (one, two, three)], [1, 1, 0])
        again, _ = self.watch()
        self.clock.advance(BEAT)
        self.assertEqual((len(again.states), len(self.watching)), (1, 2))

    def test_one_that_cannot_be_told(self) -> None:
        """Ends alone."""
        bad, _ = self.watch()
        good, _ = self.watch()
        bad.states = None  # type: ignore[assignment]
        self.clock.pump([BEAT] * 2)
        self.assertEqual((len(bad.failures), good.states), (1, [1, 2]))

    def test_stopping(self) -> None:
        """Every reader is told, nothing is left."""
        reader, _ = self.watch()
        self.clock.advance(0)
        self.watching.stop()
        self.assertTrue(reader.failures[0].check(CancelledError))
        self.assertEqual((len(self.watching), self.clock.getDelayedCalls()), (0, []))


class WatchMachine(RuleBasedStateMachine):
    """Three connections of a node whose party changes, in any order of changes, watches, pauses and ends."""

    def __init__(self) -> None:
        super().__init__()
        self.clock, self.node = Clock(), FakeNode()
        self.calls = Calls(self.clock, self.node)
        self.calls.start(Call(0, "party.join", {"code": "LR1-x", "member_name": "Ann"}), lambda _: None)
        self.lines = [Line(self.calls) for _ in range(3)]
        self.all = list(self.lines)
        self.watched: dict[tuple[int, int], str] = {}

    @rule(name=NAMES)
    def change(self, name: str) -> None:
        """The party is another one, or none."""
        self.node.party = name or None
        self.calls.watching.nudge()

    @rule(reader=READERS, op=OPS)
    def watch(self, reader: int, op: str) -> None:
        """Watch."""
        line = self.lines[reader]
        if not line.lost and len(line.open) < WATCH_LIMIT:
            self.watched[reader, line.say(op, watch=True)] = op

    @rule(reader=READERS, which=st.integers(0, 5))
    def end(self, reader: int, which: int) -> None:
        """End one, if there is one: it is answered."""
        line = self.lines[reader]
        if line.open and not line.lost:
            number = sorted(line.open)[which % len(line.open)]
            line.say("call.end", {"id": number})
            assert number not in line.open

    @rule(reader=READERS)
    def pause(self, reader: int) -> None:
        """It reads no more."""
        self.lines[reader].pause()

    @rule(reader=READERS)
    def resume(self, reader: int) -> None:
        """It reads again."""
        self.lines[reader].resume()

    @rule(reader=READERS)
    def lose(self, reader: int) -> None:
        """The connection ends, another takes its place."""
        line = self.lines[reader]
        line.lost = True
        line.conversation.lost()
        self.watched = {key: op for key, op in self.watched.items() if key[0] != reader}
        self.lines[reader] = Line(self.calls)
        self.all.append(self.lines[reader])

    @rule(seconds=st.floats(0, 3))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.clock.advance(seconds)

    @invariant()
    def never_twice_the_same(self) -> None:
        """Two states in a row differ."""
        for reader, number in self.watched:
            states = self.lines[reader].states(number)
            assert all(one != two for one, two in pairwise(states)), states

    @invariant()
    def nothing_unwanted(self) -> None:
        """No state while a connection takes none, nothing after its end, no bug on the way."""
        for line in self.all:
            assert not line.unwanted
            assert all(answer.error is UNSET or answer.error.code != "internal" for answer in line.answers)

    @invariant()
    def no_more_than_needed(self) -> None:
        """As many timers as there are questions that are watched."""
        assert len(self.clock.getDelayedCalls()) == len(self.calls.watching) <= 3

    def teardown(self) -> None:
        """At rest each reader has the state of now, and was told of each end; then nothing is left."""
        for reader in range(3):
            self.resume(reader)
        self.clock.pump([BEAT, BEAT])
        for (reader, number), op in self.watched.items():
            line = self.lines[reader]
            if number in line.open:
                now: Any = []
                self.calls.start(Call(0, op), now.append)
                assert line.states(number)[-1] == msgspec.json.decode(now[-1].result), op
            else:
                ends = [answer for answer in line.answers if answer.id == number and answer.event is UNSET]
                assert len(ends) == 1
        for line in self.lines:
            line.conversation.lost()
        assert self.clock.getDelayedCalls() == []
        assert len(self.calls.watching) == 0


TestWatch = WatchMachine.TestCase
TestWatch.settings = settings(stateful_step_count=25)
