"""The page on formats names each of them, with its ports, as the tables have it."""

from __future__ import annotations

import re
from pathlib import Path

from lanrage.net.game_query_far import CLASSES
from lanrage.wire.games import FORMATS, QUERIES
from tests.wire.test_games_real import EXPECTED

PAGE = (Path(__file__).parents[2] / "docs" / "game-formats.rst").read_text(encoding="utf-8")
ROWS = re.findall(r"^``([\w-]+)``\s+(\(answer\)|[\d, ]+?)\s{2,}(server|description)\s", PAGE, re.MULTILINE)


def test_table() -> None:
    """All formats, no other, each at its ports."""
    told = {name: () if at == "(answer)" else tuple(map(int, at.split(", "))) for name, at, _ in ROWS}
    assert told == {name: form.announced_at for name, form in FORMATS.items()}


def test_checked_by_servers() -> None:
    """What the page calls checked has a real server's answer."""
    captured = {facts.format for facts in EXPECTED.values()} - {"luanti"}
    assert {name for name, _, by in ROWS if by == "server"} == captured


def test_queries() -> None:
    """A query is a format's own, or named on the page; the library's never hide our own."""
    assert all(name in FORMATS or f"``{name}``" in PAGE for name in QUERIES)
    assert not set(QUERIES) & set(CLASSES)
