"""Windows of loss, and the suspicion that more is lost than by bad luck."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.loss import BAD_AT, LOST_WEIGHTS, SUSPICION_CAP, LossWindow, Suspicion

VERDICTS = st.lists(st.booleans(), max_size=300)


class WindowTests(SynchronousTestCase):
    """The last seconds."""

    @given(st.lists(st.tuples(st.floats(0.0, 3.0), st.booleans()), max_size=100), st.floats(0.0, 20.0))
    def test_since(self, steps: list[tuple[float, bool]], back: float) -> None:
        """What came after a moment, counted."""
        window, now, all_ = LossWindow(10.0), 0.0, []
        for gap, lost in steps:
            now += gap
            window.add(lost, now)
            all_.append((now, lost))
        moment = now - back
        inside = [lost for at, lost in all_ if at > max(moment, now - 10.0)]
        self.assertEqual((len(inside), sum(inside)), window.since(moment))

    def test_empties(self) -> None:
        """What is older than the window is forgotten, without new verdicts too."""
        window = LossWindow(5.0)
        window.add(True, 1.0)
        self.assertEqual((1.0, None), (window.share(5.9), window.share(6.0)))


class SuspicionTests(SynchronousTestCase):
    """A running sum."""

    @given(VERDICTS)
    def test_bounds(self, verdicts: list[bool]) -> None:
        """In bounds; a lost probe never lowers it, an answered one never raises it."""
        suspicion = Suspicion()
        for lost in verdicts:
            before = suspicion.level
            suspicion.add(lost)
            self.assertTrue(0.0 <= suspicion.level <= SUSPICION_CAP)
            self.assertTrue(suspicion.level >= before if lost else suspicion.level <= before)

    def test_hiccup(self) -> None:
        """However long one gap is, it is no lossy path; one lost probe makes suspect, six answers clear it."""
        suspicion = Suspicion()
        suspicion.add(True)
        self.assertTrue(suspicion.suspect)
        for _ in range(6):
            suspicion.add(False)
        self.assertFalse(suspicion.suspect)
        for _ in range(100):
            suspicion.add(True)
        self.assertLess(sum(LOST_WEIGHTS) + LOST_WEIGHTS[0], BAD_AT)
        self.assertFalse(suspicion.bad)

    def test_lossy(self) -> None:
        """A third of all probes lost is told within a hundred, whichever they are."""
        for seed in range(50):
            source, suspicion = random.Random(seed), Suspicion()
            for _ in range(100):
                suspicion.add(source.random() < 0.36)
                if suspicion.bad:
                    break
            self.assertTrue(suspicion.bad, seed)
