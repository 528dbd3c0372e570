"""What a stranger's words are worth, and texts as they may be shown."""

from __future__ import annotations

import unicodedata

import attrs
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.game_server import ServerFacts
from lanrage.core.server_browser import ServerTable
from lanrage.core.server_entry import PERIODS, PERIODS_MOST, TEXT_LIMITS, clean_facts, joined_facts, rhythm
from lanrage.core.shown_text import shown_text
from tests.strategies_servers import facts, sighting


class TextTests(SynchronousTestCase):
    """Any text."""

    @given(st.text(), st.integers(1, 20))
    def test_any(self, text: str, limit: int) -> None:
        """One line of bounded length, without anything invisible; what is clean already stays."""
        shown = shown_text(text, limit)
        self.assertLessEqual(len(shown), limit)
        self.assertFalse(any(unicodedata.category(char).startswith("C") for char in shown))
        self.assertEqual(shown, " ".join(shown.split()))
        self.assertEqual(shown, shown_text(shown, limit))

    def test_heaps_of_marks(self) -> None:
        """Two marks of a letter stay, what is piled on them goes; the next letter has its own."""
        self.assertEqual("a\u0301\u0302b\u0323", shown_text("a\u0301\u0302" + 20 * "\u0303" + "b\u0323", 30))

    def test_examples(self) -> None:
        """Escapes, line breaks and marks of direction go, letters of all scripts stay."""
        self.assertEqual("[31mred two", shown_text("\x1b[31mred\n\ttwo\u202e\u200b\0", 30))
        self.assertEqual("Ёлка 🎄 spėlė", shown_text("Ёлка 🎄 spėlė", 30))
        self.assertEqual("aaa", shown_text("a" * 10**6, 3))


class FactsTests(SynchronousTestCase):
    """Any facts."""

    @given(facts())
    def test_clean(self, said: ServerFacts) -> None:
        """Numbers that cannot be are unknown, texts are bounded; a second time changes nothing."""
        clean = clean_facts(said)
        self.assertTrue(all(len(getattr(clean, name)) <= limit for name, limit in TEXT_LIMITS.items()))
        self.assertTrue(clean.port is None or 1 <= clean.port <= 65535)
        self.assertTrue(all(count is None or 0 <= count <= 65535 for count in (clean.players, clean.players_limit)))
        self.assertEqual(clean, clean_facts(clean))

    @given(facts(), facts())
    def test_joined(self, old: ServerFacts, new: ServerFacts) -> None:
        """The new word counts, and silence leaves the old one."""
        joined = joined_facts(old, new)
        for field in attrs.fields(ServerFacts):
            said, known = getattr(new, field.name), getattr(old, field.name)
            self.assertEqual(known if said in (None, "") else said, getattr(joined, field.name))


class RhythmTests(SynchronousTestCase):
    """The period of announcements."""

    @given(st.floats(0.2, 15.0), st.integers(1, 20))
    def test_regular(self, period: float, beats: int) -> None:
        """Announcements in step give their period."""
        found: float | None = None
        for _ in range(beats):
            found = rhythm(found, period)
        self.assertAlmostEqual(period, found or 0.0)

    @given(st.lists(st.floats(0.0, 1e6), min_size=1, max_size=30))
    def test_bounds(self, gaps: list[float]) -> None:
        """Whatever the gaps: no shorter than the last of them, and never so long that it takes a minute to lapse."""
        found: float | None = None
        for gap in gaps:
            found = rhythm(found, gap)
            self.assertTrue(min(gap, PERIODS_MOST / PERIODS) <= found <= PERIODS_MOST / PERIODS)


class ServerTests(SynchronousTestCase):
    """An entry."""

    def test_full(self) -> None:
        """As many as there may be; where a number is not known, or the limit is none, it is not full."""
        cases = {(8, 8): True, (9, 8): True, (7, 8): False, (None, 8): False, (8, None): False, (0, 0): False}
        table = ServerTable()
        for (players, limit), full in cases.items():
            table.heard(sighting(facts=ServerFacts("quake3", players=players, players_limit=limit)), 0.0)
            (server,) = table.all()
            self.assertEqual(full, server.full, (players, limit))
            table.clear()
