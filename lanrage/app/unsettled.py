"""Parties with changes that are not on disk yet: what is said of them waits, what is said of others does not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import attrs

from lanrage.core.world_rows import Change


@attrs.define
class Unsettled:
    """Counts the durable changes of each party that are on their way."""

    _count: Counter[str] = attrs.field(init=False, factory=Counter)

    def begin(self, changes: Iterable[Change]) -> frozenset[str]:
        """Changes go to the journal; gives the parties for :meth:`end`, none when a crash may undo the changes."""
        parties = frozenset(str(change.key[0]) for change in changes if change.kind.durable)
        self._count.update(parties)
        return parties

    def end(self, parties: Iterable[str]) -> None:
        """What :meth:`begin` gave is on disk."""
        for party_id in parties:
            self._count[party_id] -= 1
            if self._count[party_id] <= 0:
                del self._count[party_id]

    def holds(self, parties: Iterable[str]) -> bool:
        """Whether any of these has changes that are not on disk."""
        return bool(self._count) and any(party_id in self._count for party_id in parties)
