"""How much may go to, or come from, one address: a bounded table of token buckets."""

from __future__ import annotations

from typing import Generic, TypeVar

import attrs

from lanrage.core.rate import TokenBucket

K = TypeVar("K")

KEY_LIMIT = 4096
"""Keys remembered; beyond it the longest idle one is forgotten, which gives it a full bucket again."""


@attrs.define
class Budget(Generic[K]):
    """A token bucket for each key.

    :param rate: tokens a second.
    :param burst: tokens at once.
    """

    rate: float
    burst: float
    _buckets: dict[K, TokenBucket] = attrs.field(init=False, factory=dict)

    def __len__(self) -> int:
        """Keys remembered."""
        return len(self._buckets)

    def allow(self, key: K, now: float) -> bool:
        """Take one token of `key`; false when there is none."""
        bucket = self._buckets.pop(key, None) or TokenBucket(self.rate, self.burst)
        self._buckets[key] = bucket  # the longest idle key comes first
        if len(self._buckets) > KEY_LIMIT:
            del self._buckets[next(iter(self._buckets))]
        return bucket.take(now)
