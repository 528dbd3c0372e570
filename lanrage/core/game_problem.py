"""What is wrong with a file of games' profiles: where, and which rule it breaks."""

from __future__ import annotations

import attrs


@attrs.frozen
class Problem:
    """One.

    :param line: from 1; ``None`` where it cannot be told.
    :param rule: a sentence that names the game and the value.
    """

    file: str
    line: int | None
    rule: str

    def __str__(self) -> str:
        return f"{self.file}: {self.rule}" if self.line is None else f"{self.file}:{self.line}: {self.rule}"
