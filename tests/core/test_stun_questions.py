"""Questions are repeated on schedule, answered once, and given up in the end."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.links import Endpoint
from lanrage.core.stun_questions import PATIENCE, SENDS, Question, Questions, Reply
from tests.fakes_control import SeededRandom

AT, ELSEWHERE = Endpoint("203.0.113.1", 3478), Endpoint("203.0.113.2", 3478)


class QuestionsTests(SynchronousTestCase):
    """One question after the other."""

    def setUp(self) -> None:
        """None asked yet."""
        self.questions = Questions(SeededRandom(1))

    def test_schedule(self) -> None:
        """It goes out at the times of the table with one transaction, then it has failed."""
        self.questions.open("q", AT, 10.0)
        times, transactions, now = [], set(), 10.0
        while (deadline := self.questions.deadline()) is not None:
            now = deadline
            for ask in self.questions.tick(now):
                times.append(round(now - 10.0, 6))
                transactions.add(ask.transaction)
        self.assertEqual((times, len(transactions)), (list(SENDS), 1))
        self.assertAlmostEqual(now, 10.0 + SENDS[-1] + PATIENCE)
        self.assertTrue(self.questions.settled("q"))
        self.assertIsNone(self.questions.reply("q"))

    def test_a_reply_counts_once(self) -> None:
        """From where it may come, with its transaction, the first of them; then nothing goes out any more."""
        self.questions.open("q", AT, 0.0)
        [ask] = self.questions.tick(0.0)
        good = Reply(AT, Endpoint("198.51.100.7", 1))
        self.assertFalse(self.questions.heard(b"x" * 12, good))
        self.assertFalse(self.questions.heard(ask.transaction, Reply(ELSEWHERE, good.mapped)))
        self.assertTrue(self.questions.heard(ask.transaction, good))
        self.assertFalse(self.questions.heard(ask.transaction, Reply(AT, ELSEWHERE)))
        self.assertEqual(self.questions.reply("q"), good)
        self.assertEqual((self.questions.tick(100.0), self.questions.deadline()), ([], None))

    def test_not_asked_is_settled(self) -> None:
        """What was not asked is nothing to wait for."""
        self.assertTrue(self.questions.settled("other"))
        self.assertNotIn("other", self.questions)

    def test_a_pause_of_the_machine(self) -> None:
        """What became due meanwhile goes out once."""
        self.questions.open("q", AT, 0.0)
        self.assertEqual([len(self.questions.tick(now)) for now in (0.0, 1.0, 1.1, 50.0, 50.1)], [1, 1, 0, 1, 0])
        self.assertTrue(self.questions.settled("q"))


@given(st.lists(st.floats(0, 3), max_size=60))
def test_any_ticks(steps: list[float]) -> None:
    """However it is called: never more requests than the table has, and after its time it is settled."""
    questions = Questions(SeededRandom(1))
    questions.open("q", AT, 0.0)
    now, sent = 0.0, 0
    for step in steps:
        now += step
        sent += len(questions.tick(now))
    assert sent <= len(SENDS)
    questions.tick(now + 10.0)
    questions.tick(now + 20.0)
    assert questions.settled("q")


def test_a_question_without_an_answer_has_a_deadline() -> None:
    """Until it is settled there is always one, so nothing hangs."""
    questions = Questions(SeededRandom(1))
    questions.open("q", AT, 0.0)
    [ask] = questions.tick(0.0)
    question = Question(ask, lambda reply: True, 0.0)
    while not question.settled:
        deadline = question.deadline()
        assert deadline is not None
        question.tick(deadline)
    assert question.failed
