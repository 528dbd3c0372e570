"""How far a tagged datagram came."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.diagnosis import SeenFacts
from lanrage.core.visibility import SENTENCES, Report, Sighting, Stage, best, first_missing
from lanrage.core.visibility_judgement import judge_visibility
from tests.strategies_lan import ME, PEER, THIRD

TAG = b"12345678"
TIMES = st.floats(0, 10)


def sighting(captured: float | None = 1.001, turn: int = 0) -> Sighting:
    """A datagram sent at 1.0 to two members."""
    return Sighting(TAG, turn, frozenset({PEER, THIRD}), 1.0, captured)


class SightingTests(SynchronousTestCase):
    """One datagram."""

    def test_stages(self) -> None:
        """Each confirmation is a stage; "received" is in the middle of the way there and back."""
        seen = sighting()
        self.assertEqual(first_missing(seen.marks(PEER)), Stage.CARRIED)
        seen.carried([PEER], 1.002)
        self.assertEqual(first_missing(seen.marks(PEER)), Stage.RECEIVED)
        self.assertTrue(seen.reported(PEER, Report(TAG, 0, 0.001, 0.003, 0.003), 1.025))
        marks = {stage: round(at, 6) for stage, at in seen.marks(PEER).items()}
        self.assertEqual(
            marks,
            {
                Stage.CAPTURED: 0.001,
                Stage.CARRIED: 0.002,
                Stage.RECEIVED: 0.012,
                Stage.INJECTED: 0.013,
                Stage.HEARD: 0.015,
            },
        )
        self.assertIsNone(first_missing(marks))
        self.assertFalse(seen.complete())
        self.assertTrue(seen.reported(THIRD, Report(TAG, 0, 0.001, None, 0.25), 1.3))
        self.assertEqual(first_missing(seen.marks(THIRD)), Stage.HEARD)
        self.assertEqual(set(SENTENCES), set(Stage))

    def test_answers_that_do_not_count(self) -> None:
        """Second ones, those of others, and those to a datagram that never left."""
        seen, report = sighting(), Report(TAG, 0, 0.001, 0.003, 0.003)
        self.assertFalse(seen.reported(ME, report, 1.1))
        self.assertTrue(seen.reported(PEER, report, 1.1))
        self.assertFalse(seen.reported(PEER, Report(TAG, 0, None, None, 0.0), 1.2))
        self.assertFalse(sighting(None).reported(PEER, report, 1.1))
        self.assertEqual(first_missing(sighting(None).marks(PEER)), Stage.CAPTURED)

    def test_best(self) -> None:
        """Of several the one that came farthest; a lost one is no firewall."""
        first, second = sighting(), sighting(turn=1)
        second.carried([PEER], 1.002)
        second.reported(PEER, Report(TAG, 1, 0.001, 0.002, 0.002), 1.01)
        self.assertIsNone(first_missing(best([first, second], PEER)))
        self.assertEqual(first_missing(best([first, second], THIRD)), Stage.CARRIED)
        self.assertEqual(best([], THIRD), {})

    @given(st.none() | TIMES, st.none() | TIMES, TIMES, TIMES)
    def test_order(self, injected: float | None, heard: float | None, held: float, came: float) -> None:
        """Whatever a member claims: the stages up to "received" are in order, and none is before the send."""
        seen = sighting()
        seen.carried([PEER], 1.002)
        seen.reported(PEER, Report(TAG, 0, injected, heard, held), 1.002 + came)
        marks = seen.marks(PEER)
        self.assertLessEqual(0.0, marks[Stage.CAPTURED])
        self.assertLessEqual(marks[Stage.CAPTURED], marks[Stage.CARRIED])
        self.assertLessEqual(marks[Stage.CARRIED], marks[Stage.RECEIVED])
        self.assertTrue(all(at >= marks[Stage.RECEIVED] for stage, at in marks.items() if stage > Stage.RECEIVED))


class JudgementTests(SynchronousTestCase):
    """The doctor's lines."""

    def test_lines(self) -> None:
        """A member that hears, one that does not, one that does not answer; unknown stages are not judged."""
        seen = [
            SeenFacts("Ben", "", 12.0),
            SeenFacts("Cara", "heard"),
            SeenFacts("Dan", "received"),
            SeenFacts("E", "new"),
        ]
        checks = list(judge_visibility(seen))
        self.assertEqual(
            [(each.name, each.level) for each in checks],
            [("visibility Ben", "ok"), ("visibility Cara", "failure"), ("visibility Dan", "warning")],
        )
        told = [(each.fault, each.member) for each in checks]
        self.assertEqual([("", "Ben"), ("broadcast_not_heard", "Cara"), ("broadcast_not_received", "Dan")], told)
        self.assertIn("12.0 ms", checks[0].sentence)
        self.assertIn("no socket got it", checks[1].sentence)
        self.assertTrue(all(each.advice for each in checks[1:]))

    def test_not_sent(self) -> None:
        """What did not leave is one line, not one a member."""
        checks = list(judge_visibility([SeenFacts("Ben", "captured"), SeenFacts("Cara", "captured")]))
        self.assertEqual([(each.name, each.level) for each in checks], [("visibility", "failure")])
        self.assertEqual(list(judge_visibility([])), [])
