"""How long a log line bears the id of the operation that led to it (``docs/logging.rst``, "Context")."""

from __future__ import annotations

import attrs

LIFE = 120.0
"""Seconds: a join with its first handshakes, over a network where each try times out once, is over then. What it
started may run for days, and is another story."""
LIMIT = 4096
"""Operations remembered: more than a control server answers in a second."""


@attrs.define
class OperationAges:
    """When each operation was first heard of.

    :param life: seconds.
    """

    life: float = LIFE
    _first: dict[str, float] = attrs.field(factory=dict, init=False)

    def of_now(self, operation: str, now: float) -> str:
        """The operation, as long as it is under way; else none (empty)."""
        return operation if operation and self.fresh(operation, now) else ""

    def fresh(self, operation: str, now: float) -> bool:
        """Whether a line of now belongs to the operation's story.

        :param now: seconds of a clock that only moves forward.
        """
        first = self._first.get(operation)
        if first is None:
            while len(self._first) >= LIMIT:
                del self._first[next(iter(self._first))]
            self._first[operation] = first = now
        return now - first < self.life
