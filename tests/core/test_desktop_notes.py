"""Notes for a desktop: gathered, bounded, and never markup."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.desktop_notes import (
    BURST,
    LINES_LIMIT,
    RATE,
    TELLABLE,
    TEXT_LIMIT,
    TITLE_LIMIT,
    WINDOW,
    NoteBatch,
    body,
    parse_kinds,
    plain_title,
)
from lanrage.core.game_orders import ShowNote, decode_order, encode_order
from lanrage.core.notices import Notice, NoticeKind
from lanrage.errors import BadInput

notices = st.builds(Notice.of, st.sampled_from(sorted(TELLABLE)), st.text(max_size=500), st.booleans())
steps = st.lists(st.tuples(st.floats(0, 30), notices), max_size=40)


def joined(name: str) -> Notice:
    """Somebody came."""
    return Notice.of(NoticeKind.JOINED, f"{name} joined the party")


class BatchTests(SynchronousTestCase):
    """By a clock."""

    def test_gathered(self) -> None:
        """What happens within the window is one note; the same twice is one line."""
        batch = NoteBatch()
        for name in ("Ann", "Ben", "Ann"):
            batch.put(joined(name), 10.0)
        self.assertIsNone(batch.take(10.0 + WINDOW - 0.01))
        note = batch.take(10.0 + WINDOW)
        assert note is not None
        self.assertEqual(note.lines, ("Ann joined the party", "Ben joined the party"))
        self.assertIsNone(batch.take(99.0))
        self.assertIsNone(batch.deadline())

    def test_many(self) -> None:
        """Of many the newest are told, and the number of the others."""
        batch = NoteBatch()
        for number in range(70):
            batch.put(joined(f"M{number}"), 0.0)
        note = batch.take(WINDOW)
        assert note is not None
        self.assertEqual(len(note.lines), LINES_LIMIT)
        self.assertEqual(note.lines[-2:], ("M69 joined the party", "and 66 more"))

    @given(steps)
    def test_pace(self, given_steps: list[tuple[float, Notice]]) -> None:
        """Never more notes than the bucket allows; each is an order that its reader takes; all is told in the end."""
        batch, now, shown = NoteBatch(), 0.0, []
        for pause, notice in given_steps:
            for _ in range(int(pause)):
                now += 1.0
                shown += [note] if (note := batch.take(now)) is not None else []
            batch.put(notice, now)
        while batch.deadline() is not None:
            now += 1.0
            shown += [note] if (note := batch.take(now)) is not None else []
        self.assertLessEqual(len(shown), BURST + now * RATE + 1)
        self.assertEqual(bool(shown), bool(given_steps))
        for note in shown:
            order = ShowNote.of(note)
            self.assertEqual(decode_order(encode_order(order)), order)
            self.assertEqual(order.urgency == "critical", note.urgent)


class TextTests(SynchronousTestCase):
    """Words of strangers."""

    @given(st.text(max_size=2 * TEXT_LIMIT), st.booleans())
    def test_body(self, text: str, markup: bool) -> None:
        """No tag begins or ends in it, whatever the server reads; with markup, each ampersand begins an entity."""
        shown = body(text, markup)
        self.assertFalse(set(shown) & {"<", ">"})
        self.assertTrue(all(each.isprintable() for each in shown.replace("\n", "")), shown)
        if markup:
            self.assertEqual(
                shown.count("&"), sum(shown.count(f"&{name};") for name in ("amp", "lt", "gt", "quot", "apos"))
            )

    @given(st.text(max_size=200))
    def test_title(self, text: str) -> None:
        """It is one line, cut, without tags."""
        title = plain_title(text)
        self.assertFalse(set(title) & {"<", ">", "\n"})
        self.assertLessEqual(len(title), TITLE_LIMIT)


class SettingTests(SynchronousTestCase):
    """Which events are wanted."""

    def test_words(self) -> None:
        """All, none, some; an unknown one, and what is no event of the party, are named."""
        self.assertEqual(parse_kinds("all", "f"), TELLABLE)
        self.assertEqual([parse_kinds(text, "f") for text in ("off", "", " ")], [frozenset()] * 3)
        self.assertEqual(parse_kinds("joined  ready", "f"), {NoticeKind.JOINED, NoticeKind.READY})
        for wrong in ("alert", "joined,left", "all joined", "test"):
            with self.assertRaises(BadInput) as caught:
                parse_kinds(wrong, "desktop-notify")
            self.assertEqual(caught.exception.field, "desktop-notify")
