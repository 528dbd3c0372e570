"""When a target is told what: windows, equal notices, limits, and peace for a target that wants it."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.notice_queue import (
    FIRST_WAIT,
    LONGEST_WAIT,
    QUEUE_LIMIT,
    REFUSED_REST,
    TRIES,
    WINDOW,
    Answer,
    Batch,
    NoticeQueue,
    Verdict,
    Waiting,
)
from lanrage.core.notices import Notice, NoticeKind
from tests.strategies_notices import answers, few_notices

OK = Answer(204)


def said(text: str) -> Notice:
    """A notice."""
    return Notice(NoticeKind.JOINED, text)


def of_ten(lines: tuple[Waiting, ...]) -> bool:
    """A message holds ten lines."""
    return len(lines) <= 10


class QueueTests(SynchronousTestCase):
    """:class:`NoticeQueue` by examples."""

    def setUp(self) -> None:
        """An empty one."""
        self.queue = NoticeQueue(of_ten)

    def fail(self, code: int, now: float, wait: float = 0.0) -> Verdict:  # type: ignore[override]
        """The message that is due is answered like this."""
        self.assertIsNotNone(self.queue.begin(now))
        return self.queue.answered(Answer(code, wait), now)[0]

    def test_window(self) -> None:
        """What comes within half a second is one message; equal notices are one line that says how often."""
        for at, text in ((1.0, "a"), (1.1, "b"), (1.49, "a")):
            self.queue.put(said(text), at)
        self.assertEqual((1.0 + WINDOW, None), (self.queue.deadline(), self.queue.begin(1.49)))
        self.assertEqual(Batch(1, (Waiting(said("a"), 2), Waiting(said("b")))), self.queue.begin(1.5))
        self.queue.put(said("a"), 1.6)
        self.assertIsNone(self.queue.deadline())
        self.assertEqual(Verdict.TAKEN, self.queue.answered(OK, 1.9)[0])
        self.assertEqual(1.6 + WINDOW, self.queue.deadline())
        self.assertEqual(Batch(2, (Waiting(said("a")),)), self.queue.begin(2.1))

    def test_full(self) -> None:
        """The newest hundred wait; who is dropped is named and counted."""
        lost = [self.queue.put(said(str(number)), 0.0) for number in range(QUEUE_LIMIT + 2)]
        self.assertEqual([(said("0"),), (said("1"),)], [each for each in lost if each])
        self.assertEqual((2, QUEUE_LIMIT), (self.queue.dropped, len(self.queue)))

    def test_tried_again(self) -> None:
        """The same message, after 2, 4, 8 s, then given up; what came meanwhile goes on."""
        self.queue.put(said("a"), 0.0)
        now, numbers = WINDOW, set()
        for turn in range(TRIES):
            batch = self.queue.begin(now)
            assert batch is not None
            numbers.add(batch.number)
            verdict, _ = self.queue.answered(Answer(503), now)
            self.assertEqual(Verdict.GIVEN_UP if turn == TRIES - 1 else Verdict.AGAIN, verdict)
            self.queue.put(said("b"), now)
            wait = min(LONGEST_WAIT, FIRST_WAIT * 2**turn)
            self.assertEqual(now + wait, self.queue.deadline())
            now += wait
        self.assertEqual(
            ({1}, 1, TRIES, "HTTP 503"), (numbers, self.queue.dropped, self.queue.failures, self.queue.why)
        )
        batch = self.queue.begin(now)
        self.assertEqual(Batch(2, (Waiting(said("b"), TRIES),)), batch)

    def test_asked_to_wait(self) -> None:
        """A target that says how long is left in peace for as long, be that shorter or longer than our own wait."""
        self.queue.put(said("a"), 0.0)
        self.assertEqual(Verdict.AGAIN, self.fail(429, 1.0, 0.3))
        self.assertEqual(1.3, self.queue.deadline())
        self.assertEqual(Verdict.AGAIN, self.fail(429, 2.0, 77.0))
        self.assertEqual(79.0, self.queue.deadline())

    def test_nothing_left(self) -> None:
        """A target that takes no more for a while is not asked before that: it need not refuse."""
        self.queue.put(said("a"), 0.0)
        self.queue.begin(1.0)
        self.queue.answered(Answer(204, remaining=0, reset=1.7), 1.0)
        self.queue.put(said("b"), 1.0)
        self.assertEqual(2.7, self.queue.deadline())

    def test_refused(self) -> None:
        """A wrong address is not used again for a quarter of an hour; what comes meanwhile is dropped."""
        for text in ("a", "b"):
            self.queue.put(said(text), 0.0)
        self.assertEqual((Verdict.GIVEN_UP, 2), (self.fail(404, 1.0), self.queue.dropped))
        self.assertEqual((said("c"),), self.queue.put(said("c"), REFUSED_REST))
        self.assertEqual((3, "refused", None), (self.queue.dropped, self.queue.state(2.0), self.queue.deadline()))
        self.assertEqual((), self.queue.put(said("c"), 1.0 + REFUSED_REST))

    def test_hurry(self) -> None:
        """At the end there is no window, but peace is kept; nothing new is taken in."""
        self.queue.put(said("a"), 10.0)
        self.queue.hurry()
        self.assertEqual((said("b"),), self.queue.put(said("b"), 10.0))
        self.assertLessEqual(self.queue.deadline() or 0.0, 10.0)
        self.assertIsNotNone(self.queue.begin(10.0))
        self.assertEqual((Waiting(said("a")),), self.queue.drop())
        self.assertEqual((0, 2), (len(self.queue), self.queue.dropped))


class QueueMachine(RuleBasedStateMachine):
    """Whatever comes in whatever order: each notice is settled once, bounds hold, peace is kept."""

    def __init__(self) -> None:
        super().__init__()
        self.queue, self.now = NoticeQueue(of_ten), 0.0
        self.put = self.taken = self.lost = 0
        self.batch: Batch | None = None
        self.seen: dict[int, Batch] = {}
        self.peace = 0.0
        self.ended = False

    @rule(seconds=st.sampled_from((0.0, 0.1, WINDOW, 3.0, 400.0)))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.now += seconds

    @rule(notice=few_notices)
    def say(self, notice: Notice) -> None:
        """Something happens."""
        self.put += 1
        self.queue.put(notice, self.now)

    @rule(number=st.integers(0, 150))
    def say_much(self, number: int) -> None:
        """Much happens."""
        for each in range(number):
            self.put += 1
            self.queue.put(said(str(each)), self.now)

    @precondition(lambda self: self.batch is None)
    @rule()
    def begin(self) -> None:
        """What is due goes out, and nothing that is not."""
        due = self.queue.deadline()
        batch = self.queue.begin(self.now)
        assert (batch is not None) == (due is not None and due <= self.now)
        if batch is not None:
            assert self.now >= self.peace
            assert self.seen.setdefault(batch.number, batch) == batch
            assert 1 <= len(batch.lines) <= 10
            assert len({each.notice for each in batch.lines}) == len(batch.lines)
        self.batch = batch

    @precondition(lambda self: self.batch is not None)
    @rule(answer=answers)
    def answer(self, answer: Answer) -> None:
        """The target answers."""
        assert self.batch is not None
        verdict, lines = self.queue.answered(answer, self.now)
        assert (verdict is Verdict.TAKEN) == (200 <= answer.code < 300)
        assert (verdict is Verdict.AGAIN) == (lines == ())
        if verdict is Verdict.TAKEN:
            assert lines == self.batch.lines
            self.taken += sum(each.times for each in lines)
        if answer.code == 429:
            self.peace = max(self.peace, self.now + answer.wait)
        self.batch = None

    @rule(seconds=st.floats(0, 30))
    def others_peace(self, seconds: float) -> None:
        """The server wants peace from all."""
        self.queue.leave_in_peace(self.now + seconds)
        self.peace = max(self.peace, self.now + seconds)

    @precondition(lambda self: self.batch is None and not self.ended)
    @rule()
    def end(self) -> None:
        """All is dropped at the end."""
        self.queue.hurry()
        self.queue.drop()
        self.ended = True
        assert len(self.queue) == 0

    @invariant()
    def nothing_is_lost_silently(self) -> None:
        """What was put in waits, was taken or is counted as dropped."""
        waits = sum(self.queue._waiting.values())
        waits += sum(each.times for each in self.queue._batch.lines) if self.queue._batch is not None else 0
        assert self.put == self.taken + self.queue.dropped + waits
        assert len(self.queue) <= QUEUE_LIMIT + 10
        assert self.queue.state(self.now) in ("idle", "gathering", "sending", "waiting", "refused")
        assert self.batch is None or self.queue.deadline() is None


class MachineTests(SynchronousTestCase):
    """:class:`NoticeQueue` by properties."""

    def test_machine(self) -> None:
        """See :class:`QueueMachine`."""
        run_state_machine_as_test(QueueMachine, settings=settings(max_examples=60, stateful_step_count=30))
