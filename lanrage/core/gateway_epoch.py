"""Whether a gateway forgot its mappings, by the count of seconds that it tells (RFC 6887 section 8.5, RFC 6886 3.6)."""

from __future__ import annotations

import attrs

SLACK = 2.0
"""Seconds of delay and rounding."""
DRIFT = 16
"""The clocks may differ by one part in this."""


@attrs.define
class EpochWatch:
    """Compares each count with the last one."""

    _last: tuple[float, int] | None = None

    def lost(self, epoch: int, now: float) -> bool:
        """Take in a count; tells whether the gateway was restarted since the one before.

        :param epoch: seconds, as the gateway counts.
        :param now: seconds of a clock that only moves forward.
        """
        before, self._last = self._last, (now, epoch)
        if before is None:
            return False
        ours, theirs = now - before[0], epoch - before[1]
        if theirs < -1:
            return True
        return ours + SLACK < theirs - theirs / DRIFT or theirs + SLACK < ours - ours / DRIFT
