"""The search for the largest packet that comes through."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.mtu_search import CLOSE, SMALLEST, MtuSearch


def asked(largest: int, limit: int) -> tuple[list[int], int | None]:
    """What is asked for on a way that carries packets up to `limit`, and what is found."""
    search, sizes = MtuSearch(largest), []
    while search.size is not None:
        sizes.append(search.size)
        search.heard(search.size <= limit)
    return sizes, search.found


class SearchTests(SynchronousTestCase):
    """:class:`MtuSearch`."""

    def test_ends(self) -> None:
        """A sound way takes one question, one that answers nothing two."""
        self.assertEqual(([1280], 1280), asked(1280, 1500))
        self.assertEqual(([1280, SMALLEST], None), asked(1280, 0))

    @given(st.integers(SMALLEST + 1, 9000), st.integers(0, 9000))
    def test_any_way(self, largest: int, limit: int) -> None:
        """It ends within some questions, never finds more than comes through, and less by little alone."""
        sizes, found = asked(largest, limit)
        self.assertLessEqual(len(sizes), 12)
        self.assertEqual(found is None, limit < SMALLEST)
        if found is not None:
            self.assertTrue(min(largest, limit) - CLOSE <= found <= min(largest, limit))

    def test_after_the_end(self) -> None:
        """An answer that nobody asked for changes nothing."""
        search = MtuSearch(1280)
        search.heard(True)
        search.heard(False)
        self.assertEqual((search.found, search.size), (1280, None))
