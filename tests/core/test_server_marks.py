"""Favourites, tags and named servers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.server_browser import MANUAL_LIMIT
from lanrage.core.server_entry import Origin
from lanrage.core.server_marks import (
    MARKS_LIMIT,
    TAG_LIMIT,
    TAGS_LIMIT,
    Mark,
    MarkKey,
    Marks,
    Named,
    check_tag,
    retagged,
)
from lanrage.errors import BadInput
from tests.strategies_servers import MEMBERS, ORIGINS

KEY = MarkKey.of(ORIGINS[1], 27960, "openarena")


class KeyTests(SynchronousTestCase):
    """What a mark sticks to."""

    def test_members(self) -> None:
        """The member, not its address; the address only where there is no member."""
        moved = Origin("10.99.0.7", MEMBERS[1])
        self.assertEqual(KEY, MarkKey.of(moved, 27960, "openarena"))
        self.assertEqual("192.0.2.7", MarkKey.of(Origin("192.0.2.7"), 1, "").who)
        self.assertEqual(64, len(KEY.who))


class MarksTests(SynchronousTestCase):
    """Changes."""

    def test_marks(self) -> None:
        """One for each server; one that says nothing is not kept."""
        marks = Marks().marked(KEY, Mark(True)).marked(KEY, Mark(True, ("friday",)))
        self.assertEqual({KEY: Mark(True, ("friday",))}, dict(marks.marks))
        self.assertEqual(Mark(), marks.of(MarkKey("x", 1)))
        self.assertEqual({}, dict(marks.marked(KEY, Mark()).marks))

    def test_before_the_game_was_known(self) -> None:
        """A mark without a game counts for the server when its game shows, and is replaced by the next."""
        marks = Marks().marked(MarkKey(KEY.who, KEY.port), Mark(True))
        self.assertEqual(Mark(True), marks.of(KEY))
        self.assertEqual(Mark(), marks.of(MarkKey(KEY.who, 1, KEY.game)))
        self.assertEqual({}, dict(marks.marked(KEY, Mark()).marks))

    def test_limits(self) -> None:
        """What is too much is refused by its field."""
        marks = Marks({MarkKey("x", port): Mark(True) for port in range(1, MARKS_LIMIT + 1)})
        self.assertRaisesRegex(BadInput, "^server: ", marks.marked, KEY, Mark(True))
        self.assertEqual(marks.marks, marks.marked(KEY, Mark()).marks)
        named = Marks(named=tuple(Named(MarkKey("x", port)) for port in range(1, MANUAL_LIMIT + 1)))
        self.assertRaisesRegex(BadInput, "^address: ", named.with_named, Named(KEY))
        self.assertEqual(MANUAL_LIMIT, len(named.with_named(Named(MarkKey("x", 1), "again")).named))

    def test_named(self) -> None:
        """One at a place, whatever its game."""
        marks = Marks().with_named(Named(KEY, "a")).with_named(Named(MarkKey(KEY.who, KEY.port, "other"), "b"))
        self.assertEqual(["b"], [each.name for each in marks.named])
        self.assertEqual((), marks.without_named(KEY).named)
        self.assertEqual(marks, marks.without_named(MarkKey("x", 1)))


class TagTests(SynchronousTestCase):
    """Words on servers."""

    @given(st.text(max_size=40))
    def test_any(self, text: str) -> None:
        """A tag is kept as it was checked, or refused by its field."""
        try:
            tag = check_tag(text)
        except BadInput as error:
            self.assertEqual("tag", error.field)
        else:
            self.assertTrue(1 <= len(tag) <= TAG_LIMIT)
            self.assertEqual(tag, check_tag(tag))

    def test_changes(self) -> None:
        """In the order in which they came, each once; removed in any case of letters."""
        mark = retagged(Mark(True, ("a",)), ["B", "a", "c"], ["C"])
        self.assertEqual(Mark(True, ("a", "b")), mark)
        self.assertRaises(BadInput, retagged, Mark(), [str(number) for number in range(TAGS_LIMIT + 1)], [])
        self.assertRaises(BadInput, retagged, Mark(), ["\n"], [])
