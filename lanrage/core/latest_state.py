"""What one reader of a changing state is told: the newest state, never the same twice in a row, never a queue."""

from __future__ import annotations

from collections.abc import Callable

import attrs


@attrs.define(eq=False)
class LatestState:
    """A reader's place: states come as fast as they like, the reader takes what it can.

    While the reader is slow, one state is kept for it, the newest.

    :param send: gives a state to the reader; it may pause this place while it does.
    :param paused: the reader takes nothing now.
    """

    send: Callable[[bytes], None]
    paused: bool = False
    _newest: bytes | None = None
    _told: bytes | None = None

    def offer(self, state: bytes) -> None:
        """The state is this now."""
        self._newest = state
        self._tell()

    def pause(self) -> None:
        """The reader takes nothing until it is resumed."""
        self.paused = True

    def resume(self) -> None:
        """The reader takes states again; it is told the newest one, where that is news."""
        self.paused = False
        self._tell()

    def _tell(self) -> None:
        newest = self._newest
        if self.paused or newest is None or newest == self._told:
            return
        self._told = newest
        self.send(newest)
