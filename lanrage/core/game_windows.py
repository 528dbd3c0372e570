"""A user's windows, as the node is told of them (``docs/agent.rst``)."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from lanrage.core.shown_text import shown_text

WINDOWS_LIMIT = 256
"""Windows of one session that are told; a busy desktop has some dozens."""
TITLE_LIMIT = 200
"""Characters of a title; a game's is its name and perhaps a level's."""
PROGRAM_LIMIT = 128
"""Characters of a program's file name."""


@attrs.frozen
class Window:
    """A top-level window.

    :param title: what its title bar says, cut at :data:`TITLE_LIMIT` characters, on one line.
    :param kind: the class that its program gives itself (``WM_CLASS``); empty where it gives none.
    :param pid: its process, where the program says so and runs on this machine; it is that program's word.
    :param program: file name of that process's executable; empty where it is not known.
    """

    title: str
    kind: str = ""
    pid: int | None = None
    program: str = ""


def one_line(text: str, limit: int = TITLE_LIMIT) -> str:
    """A foreign text on one line: see :func:`shown_text`."""
    return shown_text(text, limit)


def told(windows: Iterable[Window]) -> tuple[Window, ...]:
    """Those that a node is told of: with a title, each once, in a stable order, at most :data:`WINDOWS_LIMIT`."""
    named = {window for window in windows if window.title}
    order = sorted(named, key=lambda each: (each.title, each.kind, each.pid or 0, each.program))
    return tuple(order[:WINDOWS_LIMIT])
