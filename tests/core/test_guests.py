"""How many relay connections are let in."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.guests import Guests


class GuestsTests(SynchronousTestCase):
    """The bounds, in all and of one host."""

    @given(st.lists(st.tuples(st.sampled_from(["", "a", "b", "c"]), st.booleans()), max_size=60))
    def test_any_history(self, history: list[tuple[str, bool]]) -> None:
        """Never more than the limits; what leaves makes room; in the end nobody is remembered."""
        guests = Guests(limit=6, host_limit=2)
        inside: list[str] = []
        for origin, comes in history:
            if comes:
                free = len(inside) < 6 and (not origin or inside.count(origin) < 2)
                self.assertEqual(free, guests.enter(origin))
                if free:
                    inside.append(origin)
            elif origin in inside:
                inside.remove(origin)
                guests.leave(origin)
            self.assertEqual(len(inside), guests.count)
        for origin in inside:
            guests.leave(origin)
        self.assertEqual((0, {}), (guests.count, dict(guests._hosts)))
