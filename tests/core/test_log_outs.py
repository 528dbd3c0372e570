"""Log-outs as a node knows them: by agents that come, go and are started anew."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.log_outs import GRACE, LogOutWatch


class WatchTests(SynchronousTestCase):
    """A pure machine."""

    @given(st.lists(st.tuples(st.integers(0, 2), st.floats(0, 2 * GRACE)), max_size=20))
    def test_any_life(self, steps: list[tuple[int, float]]) -> None:
        """All have logged out exactly where some were there, none has been for the grace since, and it was not said."""
        watch, now, gone, said, before = LogOutWatch(), 1000.0, None, 0, 0
        for count, passed in steps:
            now += passed
            expected = gone is not None and now >= gone + GRACE
            self.assertEqual(watch.take(now), expected)
            self.assertFalse(watch.take(now), "it is said once")
            gone, said = (None, said + 1) if expected else (gone, said)
            watch.agents(count, now)
            if count:
                gone = None
            elif before:
                gone = now
            before = count
            self.assertEqual(watch.deadline(), gone + GRACE if gone is not None else None)

    def test_nobody_was_there(self) -> None:
        """A machine without any agent never logs anybody out."""
        watch = LogOutWatch()
        watch.agents(0, 1.0)
        self.assertIsNone(watch.deadline())
        self.assertFalse(watch.take(10 * GRACE))

    def test_one_of_two(self) -> None:
        """Another user is still there."""
        watch = LogOutWatch()
        for count in (2, 1):
            watch.agents(count, 1.0)
        self.assertIsNone(watch.deadline())
