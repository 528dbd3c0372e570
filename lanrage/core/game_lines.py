"""Where a table of a file of profiles stands: a TOML parser tells values, not lines. Pure.

The way is plain: the file is split at its lines ``[[game]]``, and a table's key is looked for between two of them. It
is believed only where it finds as many tables as the parser did; else no line is told rather than a wrong one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_GAME = re.compile(r"\s*\[\[\s*game\s*\]\]\s*(?:#.*)?")
_SYNTAX = re.compile(r"\(at line (\d+), column \d+\)")


def line_of_syntax(words: str) -> int | None:
    """The line that an error of :mod:`tomllib` names."""
    found = _SYNTAX.search(words)
    return int(found[1]) if found is not None else None


class Lines:
    """The lines of a text.

    :param games: how many tables ``[[game]]`` the parser found.
    """

    def __init__(self, text: str, games: int) -> None:
        self._lines = text.splitlines()
        starts = [number for number, line in enumerate(self._lines) if _GAME.fullmatch(line)]
        self._starts = starts if len(starts) == games else []

    def of_game(self, number: int) -> int | None:
        """The line, from 1, of the table `number`, from 0."""
        return self._starts[number] + 1 if number < len(self._starts) else None

    def of_value(self, number: int, path: Sequence[str | int]) -> int | None:
        """The line of a value of that table, or of what is around it.

        :param path: keys and indexes, as in ``("ports", 1, "role")``.
        """
        if number >= len(self._starts):
            return None
        start = self._starts[number]
        after = self._starts[number + 1] if number + 1 < len(self._starts) else len(self._lines)
        at = self._key(path[0], start, after) if path else None
        if at is None:
            return start + 1
        index = path[1] if len(path) > 1 and isinstance(path[1], int) else 0
        return self._row(index, at, after) + 1

    def _key(self, key: str | int, start: int, after: int) -> int | None:
        """Where ``key =`` stands between two lines."""
        pattern = re.compile(rf"\s*\"?{re.escape(str(key))}\"?\s*=")
        return next((at for at in range(start + 1, after) if pattern.match(self._lines[at])), None)

    def _row(self, index: int, at: int, after: int) -> int:
        """Where the inline table of this index stands, in an array with each on a line of its own; else the key."""
        rows = [each for each in range(at + 1, after) if self._lines[each].lstrip().startswith("{")]
        opened = self._lines[at].rstrip().endswith("[")
        return rows[index] if opened and index < len(rows) else at
