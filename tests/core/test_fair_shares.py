"""Who gives a place up where all are taken."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.fair_shares import gives_way

held = st.lists(st.integers(0, 4), max_size=12)


class SharesTests(SynchronousTestCase):
    """:func:`gives_way`; places are numbered, each with its user."""

    @given(held, st.integers(0, 5))
    def test_rule(self, users: list[int], newcomer: int) -> None:
        """Somebody with most gives up the first of his, and only where the newcomer has less even then."""
        went = gives_way(range(len(users)), users.__getitem__, newcomer)
        counts = Counter(users)
        most = max(counts.values(), default=0)
        if went is None:
            self.assertLessEqual(most, counts[newcomer] + 1)
        else:
            user = users[went]
            self.assertEqual((most, went), (counts[user], users.index(user)))
            self.assertLess(counts[newcomer] + 1, most)

    @given(st.lists(st.integers(0, 4), max_size=60), st.integers(1, 8))
    def test_settles(self, comers: list[int], places: int) -> None:
        """Whoever is let in by this rule alone, nobody who has one place ever loses it."""
        table: list[int] = []
        for user in comers:
            if len(table) == places:
                went = gives_way(range(places), table.__getitem__, user)
                if went is None:
                    continue
                self.assertGreater(table.count(table[went]), 1)
                del table[went]
            table.append(user)
