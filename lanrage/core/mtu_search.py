"""Finds the largest packet that goes to a member and comes back; pure (``docs/doctor.rst``)."""

from __future__ import annotations

import attrs

SMALLEST = 100
"""Bytes of a packet that every way carries; unanswered, the member answers no echo requests at all."""
CLOSE = 32
"""Bytes within which the answer is good enough: the remedy is the same."""


@attrs.define
class MtuSearch:
    """Asks for the largest size first, which ends it on a sound way; then the smallest, then halves what is between.

    :param largest: bytes of the tunnel's MTU.
    :ivar size: to ask for next; ``None`` when it is over.
    :ivar found: the largest size that was answered; ``None``: none was.
    """

    largest: int
    size: int | None = attrs.field(init=False)
    found: int | None = attrs.field(default=None, init=False)
    _lost: int = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.size = self._lost = self.largest

    def heard(self, answered: bool) -> None:
        """What became of a packet of :attr:`size`."""
        asked, self.size = self.size, None
        if asked is None:
            return
        if answered:
            self.found = asked
        else:
            self._lost = asked
        if self.found is None:
            self.size = SMALLEST if asked > SMALLEST else None
        elif self._lost - self.found > CLOSE and self.found < self.largest:
            self.size = (self._lost + self.found) // 2
