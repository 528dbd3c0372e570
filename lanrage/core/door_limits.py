"""How many connections a server takes, in all, from one host at once, and from one host a second."""

from __future__ import annotations

from collections import Counter, OrderedDict

import attrs

from lanrage.core.rate import TokenBucket

CONNECTIONS_LIMIT = 20_000
"""Connections at once; each holds a descriptor, and with TLS about 50 KiB."""
HOST_LIMIT = 256
"""Connections at once from one host (IPv6: one /64): a LAN party behind one address, and no more of what all share."""
RATE = 20.0
BURST = 256.0
"""New connections of one host a second, and at once: the same LAN party comes back after a restart of the server; a
TLS handshake costs the server half a millisecond, so one host takes at most 1 % of a processor."""
MEMORY_LIMIT = 16_384
"""Hosts whose rate is remembered, about 4 MB; the one that was quiet for longest is forgotten, and so starts full."""


@attrs.define(eq=False)
class DoorLimits:
    """Who is let in; hosts are named by :func:`lanrage.core.origins.origin_of`, and ``""`` is never counted as one.

    :param limit: connections at once.
    """

    limit: int = CONNECTIONS_LIMIT
    count: int = attrs.field(init=False, default=0)
    _hosts: Counter[str] = attrs.field(init=False, factory=Counter)
    _buckets: OrderedDict[str, TokenBucket] = attrs.field(init=False, factory=OrderedDict)

    def enter(self, origin: str, now: float) -> str:
        """A connection has come.

        :returns: why it is refused (``limit``, ``rate``), or ``""``; then :meth:`leave` must follow once.
        """
        if self.count >= self.limit:
            return "limit"
        refused = self._take(origin, now)
        if not refused:
            self.count += 1
        return refused

    def leave(self, origin: str) -> None:
        """A connection that was let in has ended."""
        self.count -= 1
        self._drop(origin)

    def move(self, before: str, after: str, now: float) -> str:
        """A connection that was let in turns out to be another host's: a proxy has said so.

        :returns: why it is refused, or ``""``; it counts under `after` only in the second case.
        """
        refused = self._take(after, now)
        if not refused:
            self._drop(before)
        return refused

    def _take(self, origin: str, now: float) -> str:
        if not origin:
            return ""
        if not self._bucket(origin).take(now):
            return "rate"
        if self._hosts[origin] >= HOST_LIMIT:
            return "limit"
        self._hosts[origin] += 1
        return ""

    def _drop(self, origin: str) -> None:
        if not origin:
            return
        self._hosts[origin] -= 1
        if not self._hosts[origin]:
            del self._hosts[origin]

    def _bucket(self, origin: str) -> TokenBucket:
        bucket = self._buckets.get(origin)
        if bucket is None:
            bucket = self._buckets[origin] = TokenBucket(RATE, BURST)
            if len(self._buckets) > MEMORY_LIMIT:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(origin)
        return bucket
