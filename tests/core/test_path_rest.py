"""How long a path rests that was left."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.path_rest import BAD_REST, DEAD_REST, DEAD_REST_AGAIN, FORGIVEN_AFTER, REST_MAX, Rest


class RestTests(SynchronousTestCase):
    """Longer each time."""

    def test_new(self) -> None:
        """One that was never left does not rest."""
        self.assertEqual((False, False), (Rest().resting(0.0), Rest().doubtful(0.0)))

    def test_doubled(self) -> None:
        """A bad one rests twice as long each time, up to ten minutes."""
        rest, now, waits = Rest(), 100.0, []
        for _ in range(6):
            rest.left(now, dead=False)
            waits.append(rest.until - now)
            now = rest.until + 1.0
        self.assertEqual([BAD_REST, 2 * BAD_REST, 4 * BAD_REST, 8 * BAD_REST, REST_MAX, REST_MAX], waits)

    def test_dead(self) -> None:
        """One death is forgiven in seconds and asks for no more proof; a second one is not."""
        rest = Rest()
        rest.left(100.0, dead=True)
        self.assertEqual((100.0 + DEAD_REST, False), (rest.until, rest.doubtful(101.0)))
        rest.left(110.0, dead=True)
        self.assertEqual((110.0 + 2 * DEAD_REST_AGAIN, True), (rest.until, rest.doubtful(111.0)))

    def test_forgiven(self) -> None:
        """Ten minutes without trouble make a path new."""
        rest = Rest()
        rest.left(0.0, dead=False)
        rest.left(50.0, dead=False)
        later = rest.until + FORGIVEN_AFTER
        self.assertFalse(rest.doubtful(later))
        rest.left(later, dead=False)
        self.assertEqual(later + BAD_REST, rest.until)

    @given(st.lists(st.tuples(st.floats(0.0, 900.0), st.booleans()), max_size=30))
    def test_any_course(self, steps: list[tuple[float, bool]]) -> None:
        """A rest ends within ten minutes of the last time, and is never cut short by another."""
        rest, now = Rest(), 0.0
        for gap, dead in steps:
            now += gap
            before = rest.until
            rest.left(now, dead=dead)
            self.assertTrue(max(before, now) <= rest.until <= max(before, now + REST_MAX))
            self.assertEqual(rest.until > now, rest.resting(now))
