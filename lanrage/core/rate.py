"""A token bucket: so many at once, so many a second after that."""

from __future__ import annotations

import attrs


@attrs.define
class TokenBucket:
    """Allows `burst` at once and `rate` a second; full at first.

    :param rate: tokens a second.
    :param burst: most tokens held.
    """

    rate: float
    burst: float
    _tokens: float = attrs.field(init=False)
    _at: float | None = attrs.field(init=False, default=None)

    def __attrs_post_init__(self) -> None:
        self._tokens = self.burst

    def ready(self, now: float) -> bool:
        """Whether there is a token; a clock that goes back gives nothing and takes nothing.

        :param now: seconds, of any clock.
        """
        if self._at is not None and now > self._at:
            tokens = self._tokens + (now - self._at) * self.rate
            self._tokens = tokens if tokens < self.burst else self.burst
        self._at = now
        return self._tokens >= 1.0

    def share(self, now: float) -> float:
        """How full it is, 0 to 1."""
        self.ready(now)
        return self._tokens / self.burst

    def take(self, now: float) -> bool:
        """Take one token; false when there is none."""
        if now == self._at and self._tokens >= 1.0:  # one of many at once
            self._tokens -= 1.0
            return True
        if not self.ready(now):
            return False
        self._tokens -= 1.0
        return True
