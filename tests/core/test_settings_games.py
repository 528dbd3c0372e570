"""The settings about games: what a queue's class is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.settings_games import parse_tc_class
from lanrage.errors import BadInput


class ClassTests(SynchronousTestCase):
    """``MAJOR:MINOR``."""

    @given(st.integers(1, 0xFFFF), st.integers(1, 0xFFFF))
    def test_read(self, major: int, minor: int) -> None:
        """As tc shows it."""
        self.assertEqual(parse_tc_class(f"{major:x}:{minor:x}", "games.tc_class"), (major, minor))

    def test_refused(self) -> None:
        """Nothing is none; roots, other words and numbers beyond 16 bits are refused by name."""
        self.assertIsNone(parse_tc_class("", "games.tc_class"))
        for text in ("1:", ":1", "1:0", "0:1", "10000:1", "1:1:1", "1:g", " 1:1", "1:1\n", "none"):
            error = self.assertRaises(BadInput, parse_tc_class, text, "games.tc_class")
            self.assertEqual(error.field, "games.tc_class")
