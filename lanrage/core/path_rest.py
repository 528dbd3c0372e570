"""A path that was left is not taken again too soon, and later each time: flapping moves nobody's game about."""

from __future__ import annotations

import attrs

BAD_REST = 45.0
"""Seconds that a path rests when it was left for loss; doubled each time, so five minutes of a loss that comes and goes
see five moves at most: away after 0 s, back after 45, away, back after 90 more, away."""
DEAD_REST = 3.0
"""Seconds for one that died for the first time: a router that restarted is no sign of more."""
DEAD_REST_AGAIN = 60.0
"""Seconds, doubled each time from the second on, for one that dies again and again."""
REST_MAX = 600.0
"""Seconds at most."""
FORGIVEN_AFTER = 600.0
"""Seconds without trouble after a rest, from which on the path counts as new."""


@attrs.define
class Rest:
    """Of one path.

    :ivar strikes: how often it was left lately.
    :ivar until: seconds, when it may be taken again.
    """

    strikes: int = 0
    until: float = 0.0
    _doubtful: bool = False

    def left(self, now: float, *, dead: bool) -> None:
        """Traffic left the path, since it died or since it was bad."""
        if now >= self.until + FORGIVEN_AFTER:
            self.strikes = 0
        self.strikes += 1
        self._doubtful = not dead or self.strikes > 1
        if not dead:
            seconds = BAD_REST * 2.0 ** (self.strikes - 1)
        elif self.strikes == 1:
            seconds = DEAD_REST
        else:
            seconds = DEAD_REST_AGAIN * 2.0 ** (self.strikes - 1)
        self.until = max(self.until, now + min(REST_MAX, seconds))

    def resting(self, now: float) -> bool:
        """It is not to be taken while there is another."""
        return self.strikes > 0 and now < self.until

    def doubtful(self, now: float) -> bool:
        """It has to prove itself for longer before it is taken again: it was bad, or died more than once."""
        return self._doubtful and now < self.until + FORGIVEN_AFTER
