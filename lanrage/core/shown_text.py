"""Texts of strangers as people may be shown them."""

from __future__ import annotations

import unicodedata

MARKS_MOST = 2
"""Combining marks of one letter: no script in use has more, and a heap of them covers the lines above and below."""


def shown_text(text: str, limit: int) -> str:
    """The text in one line, without what a terminal obeys or a reader does not see: controls, marks of direction and
    other formats, private and unassigned characters; blanks run together; at most `limit` characters.

    A text far beyond the limit is cut before it is looked at, so that this costs no more than the limit allows.
    """
    kept: list[str] = []
    marks = 0
    for char in filter(_seen, text[: 4 * limit]):
        marks = marks + 1 if unicodedata.category(char) in {"Mn", "Me"} else 0
        if marks <= MARKS_MOST:
            kept.append(" " if char.isspace() else char)
    return " ".join("".join(kept).split())[:limit].rstrip()


def _seen(char: str) -> bool:
    return char.isspace() or not unicodedata.category(char).startswith("C")
