"""How much may go to, or come from, one address: a bounded table of token buckets."""

from __future__ import annotations

from typing import Generic, TypeVar

import attrs

from lanrage.core.links import Endpoint
from lanrage.core.rate import TokenBucket

K = TypeVar("K")

KEY_LIMIT = 4096
"""Keys remembered; beyond it the longest idle one is forgotten, which gives it a full bucket again."""

PROBE_RATE, PROBE_BURST = 40.0, 80.0
"""Probes a second, and at once, to one address and port, over all peers: what peers name as theirs must not make a
party a weapon. A member that answers there has a share of its own, which others cannot use up. A relay carries each
pair on a port of its own."""
HOST_RATE, HOST_BURST = 120.0, 400.0
"""Likewise to one host, over all of its ports: the opening of 16 friends behind one router fits. A relay, which the
control server named, counts by port alone."""
MEMBER_RATE, MEMBER_BURST = 80.0, 300.0
"""Likewise to one member, over all addresses at which it answers, instead of the host's: a ping and a pong a second on
28 paths, and those of a game, fit. A house full of friends is one host."""


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
        return self.bucket(key).take(now)

    def bucket(self, key: K) -> TokenBucket:
        """The bucket of `key`, which counts as used now."""
        bucket = self._buckets.pop(key, None) or TokenBucket(self.rate, self.burst)
        self._buckets[key] = bucket  # the longest idle key comes first
        if len(self._buckets) > KEY_LIMIT:
            del self._buckets[next(iter(self._buckets))]
        return bucket


@attrs.define
class ProbeBudget:
    """Which probes may go out."""

    _ports: Budget[tuple[Endpoint, bytes | None]] = attrs.field(factory=lambda: Budget(PROBE_RATE, PROBE_BURST))
    _hosts: Budget[str] = attrs.field(factory=lambda: Budget(HOST_RATE, HOST_BURST))
    _members: Budget[bytes] = attrs.field(factory=lambda: Budget(MEMBER_RATE, MEMBER_BURST))

    def allow(self, to: Endpoint, now: float, *, relay: bool, member: bytes | None = None) -> bool:
        """Take what one probe costs.

        :param relay: `to` is a port of a relay.
        :param member: who answers at `to`, so that it is no victim.
        """
        if not self._ports.allow((to, member), now):
            return False
        if relay:
            return True
        return self._hosts.allow(to.host, now) if member is None else self._members.allow(member, now)
