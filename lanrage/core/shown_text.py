"""Texts of strangers as people may be shown them."""

from __future__ import annotations

import unicodedata


def shown_text(text: str, limit: int) -> str:
    """The text in one line, without what a terminal obeys or a reader does not see: controls, marks of direction and
    other formats, private and unassigned characters; blanks run together; at most `limit` characters.

    A text far beyond the limit is cut before it is looked at, so that this costs no more than the limit allows.
    """
    kept = (" " if char.isspace() else char for char in text[: 4 * limit] if _seen(char))
    return " ".join("".join(kept).split())[:limit].rstrip()


def _seen(char: str) -> bool:
    return char.isspace() or not unicodedata.category(char).startswith("C")
