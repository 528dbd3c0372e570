"""The time of samples: the clock as of the start, moved forward steadily, and set right when that was wrong."""

from __future__ import annotations

import attrs

STEP = 5.0
"""Seconds by which the machine's clock must be ahead: less is drift, or a clock that is led slowly."""
PATIENCE = 60.0
"""Seconds for which it must be so: a clock that somebody sets by mistake is set back soon."""


@attrs.define
class SteadyTime:
    """Seconds since the epoch that never go back.

    A machine without a battery starts with a clock of some day in the past, which is set once it has a network: it is
    followed. One that is set back is not: samples of before would be later than those that come.

    :param offset: what the steady clock lacks to be the machine's.
    """

    offset: float
    _ahead: float | None = attrs.field(init=False, default=None)

    def at(self, steady: float, wall: float) -> float:
        """The time now.

        :param steady: a clock that nobody sets; seconds.
        :param wall: the machine's, since the epoch.
        """
        if wall - self.offset - steady < STEP:
            self._ahead = None
        elif self._ahead is None:
            self._ahead = steady
        elif steady - self._ahead >= PATIENCE:
            self.offset, self._ahead = wall - steady, None
        return self.offset + steady
