"""Checks the signatures of a server's stored rows after its start, in a thread, when those who come back are in.

The rows were checked before they were stored, and each node checks what it is shown; this finds what the disk has
damaged since. A start that checked all first would keep 10,000 members waiting for 3 s.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

import attrs
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from lanrage.core.world_load import Unproven
from lanrage.net.threads import in_thread

DELAY = 30.0
"""Seconds after the start: a storm of those who come back needs the processor for 10."""
PORTION = 100
"""Rows of one turn in a thread, about 20 ms: a stop waits for no more."""
PAUSE = 0.1
"""Seconds between two turns: a fifth of one processor at most."""

log = Logger()


def check(rows: Sequence[Unproven]) -> list[str]:
    """What is wrong with these rows, a sentence each."""
    return [wrong for row in rows if (wrong := row.check())]


@attrs.define(eq=False)
class Recheck:
    """One pass over the rows of a start.

    :param reactor: keeps time and has threads.
    :ivar broken: rows found whose signatures do not hold.
    """

    _reactor: Any
    broken: int = attrs.field(init=False, default=0)
    _rows: deque[Unproven] = attrs.field(init=False, factory=deque)
    _due: IDelayedCall | None = attrs.field(init=False, default=None)
    _turn: Deferred[None] | None = attrs.field(init=False, default=None)

    def start(self, rows: Sequence[Unproven]) -> None:
        """Check these rows, from :data:`DELAY` seconds on."""
        self._rows.extend(rows)
        if self._rows:
            self._due = self._reactor.callLater(DELAY, self._next)

    def stop(self) -> None:
        """Give up what is left."""
        self._rows.clear()
        if self._due is not None and self._due.active():
            self._due.cancel()
        if self._turn is not None:
            self._turn.cancel()
        self._due = self._turn = None

    def _next(self) -> None:
        portion = [self._rows.popleft() for _ in range(min(PORTION, len(self._rows)))]
        turn = in_thread(self._reactor, check, portion)
        self._turn = turn.addCallback(self._checked)
        self._turn.addErrback(lambda failure: failure.trap(CancelledError) and None)

    def _checked(self, wrong: list[str]) -> None:
        self.broken += len(wrong)
        for sentence in wrong[:1]:
            log.error(
                "a row of the database is broken: {sentence}; {count} so far: restore a backup",
                sentence=sentence,
                count=self.broken,
            )
        if self._rows:
            self._due = self._reactor.callLater(PAUSE, self._next)
        else:
            self._turn = None
