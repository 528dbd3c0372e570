"""How many relay connections a control server takes, in all and from one host."""

from __future__ import annotations

from collections import Counter

import attrs

GUESTS_LIMIT = 1024
"""Relay connections at once; each holds two descriptors, and 64 KiB of what waits."""
HOST_LIMIT = 32
"""Relay connections at once from one host: a LAN party behind one router that lets no UDP through."""


@attrs.define(eq=False)
class Guests:
    """Who is in; hosts are named by :func:`lanrage.core.origins.origin_of`, and ``""`` is never counted as one."""

    limit: int = GUESTS_LIMIT
    host_limit: int = HOST_LIMIT
    count: int = attrs.field(init=False, default=0)
    _hosts: Counter[str] = attrs.field(init=False, factory=Counter)

    def enter(self, origin: str) -> bool:
        """A connection wants in; when it may, :meth:`leave` must follow once."""
        if self.count >= self.limit or (origin and self._hosts[origin] >= self.host_limit):
            return False
        self.count += 1
        if origin:
            self._hosts[origin] += 1
        return True

    def leave(self, origin: str) -> None:
        """A connection that was let in has ended."""
        self.count -= 1
        if origin:
            self._hosts[origin] -= 1
            if not self._hosts[origin]:
                del self._hosts[origin]
