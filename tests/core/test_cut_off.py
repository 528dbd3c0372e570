"""Who was reached and is not any more."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.cut_off import PATIENCE, CutOff

ANN, BEN = b"a" * 32, b"b" * 32
looks = st.lists(
    st.tuples(st.dictionaries(st.sampled_from([ANN, BEN]), st.booleans()), st.sampled_from([0.5, 1.0, PATIENCE])),
    max_size=30,
)


class CutOffTests(SynchronousTestCase):
    """Looks once a second or so."""

    def test_life(self) -> None:
        """Patience first; who is reached again is not cut off, and who is no member either."""
        cut = CutOff()
        self.assertFalse(cut.look({ANN: True}, 0.0))
        self.assertFalse(cut.look({ANN: False}, 1.0))
        self.assertFalse(cut.look({ANN: False}, 1.0 + PATIENCE / 2))
        self.assertTrue(cut.look({ANN: False}, 1.0 + PATIENCE))
        self.assertEqual({ANN}, cut.members)
        self.assertFalse(cut.look({ANN: False}, 9.0))
        self.assertTrue(cut.look({ANN: True}, 10.0))
        cut.look({ANN: False}, 11.0)
        self.assertTrue(cut.look({ANN: False}, 11.0 + PATIENCE))
        self.assertTrue(cut.look({}, 20.0))
        self.assertEqual(frozenset(), cut.members)

    def test_never_reached(self) -> None:
        """Who was never reached by a probe may still be by the tunnel."""
        cut = CutOff()
        for now in range(20):
            self.assertFalse(cut.look({BEN: False}, float(now)))

    @given(looks)
    def test_model(self, told: list[tuple[dict[bytes, bool], float]]) -> None:
        """Cut off is who was reached, and then was not at each look of at least so long, a member all the while."""
        cut, now, history = CutOff(), 0.0, list[tuple[float, dict[bytes, bool]]]()
        for reached, later in told:
            now += later
            history.append((now, reached))
            before = cut.members
            assert cut.look(reached, now) == (cut.members != before)
            assert cut.members == {who for who in (ANN, BEN) if _gone(who, history)}


def _gone(who: bytes, history: list[tuple[float, dict[bytes, bool]]]) -> bool:
    silent: list[float] = []
    for at, reached in reversed(history):
        if who not in reached:
            return False
        if reached[who]:
            return bool(silent) and silent[0] - silent[-1] >= PATIENCE
        silent.append(at)
    return False
