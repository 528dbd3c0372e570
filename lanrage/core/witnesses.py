"""Our own address as members see it: what is left when no reflector is there (``docs/protocol-probe.rst``)."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import attrs

from lanrage.core.links import Endpoint
from lanrage.core.path import Path

WITNESSED_LIMIT = 4
"""Addresses kept, the newest last; a home has one."""
AGREEING = 2
"""Members that must see us at one address, where so many see us at all: one alone might name a victim's."""


def observed(paths: Iterable[Path]) -> set[Endpoint]:
    """From where one member sees our packets now; of IPv6 each end knows, from its own cards."""
    seen = (p.observed for p in paths if p.proven and not p.relayed)
    return {endpoint for endpoint in seen if endpoint is not None and ":" not in endpoint.host}


@attrs.define
class Witnesses:
    """Addresses of ours that members agree on and that we did not know.

    :ivar seen: the newest last.
    """

    seen: tuple[Endpoint, ...] = ()

    def look(self, members: Iterable[set[Endpoint]], known: Collection[str]) -> bool:
        """Take in what members see; true when :attr:`seen` changed.

        :param members: for each member, from where it sees us.
        :param known: hosts that are ours anyway: those of our cards, and as reflectors see us. Other ports of them
            are what a router makes for each destination, of no use to others.
        """
        told = [endpoints for endpoints in members if endpoints]
        counts: dict[Endpoint, int] = {}
        for endpoint in sorted(endpoint for endpoints in told for endpoint in endpoints):
            counts[endpoint] = counts.get(endpoint, 0) + 1
        enough = min(AGREEING, len(told))
        new = [e for e, count in counts.items() if count >= enough and e not in self.seen]
        before = self.seen
        self.seen = tuple(e for e in (*self.seen, *new) if e.host not in known)[-WITNESSED_LIMIT:]
        return self.seen != before
