"""A control server's store in memory, which can fail and be slow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from zope.interface import implementer

from lanrage.core.world_rows import ROW_KINDS, Change, Put, Row
from lanrage.errors import StoreError
from lanrage.store.database import IStore


@implementer(IStore)
@attrs.define(eq=False)
class MemoryStore:
    """Rows in a dictionary.

    :ivar slow: batches wait until :meth:`release`.
    :ivar failing: how many of the next batches fail.
    :ivar torn: how many of the next batches fail although they reached the disk, as a sync may.
    :ivar batches: what was applied, one tuple a batch.
    """

    rows: dict[tuple[type[Row], Any], Row] = attrs.field(factory=dict)
    slow: bool = False
    failing: int = 0
    torn: int = 0
    batches: list[tuple[Change, ...]] = attrs.field(factory=list)
    _held: list[Deferred[None]] = attrs.field(factory=list)
    _is_open: bool = False

    async def open(self) -> list[Row]:
        """See :meth:`IStore.open`."""
        self._is_open = True
        return sorted(self.rows.values(), key=lambda row: ROW_KINDS.index(type(row)))

    async def apply(self, batch: Sequence[Change]) -> int:
        """See :meth:`IStore.apply`."""
        if not self._is_open:
            raise StoreError("the store is not open")
        if self.slow:
            held: Deferred[None] = Deferred()
            self._held.append(held)
            await held
        if self.failing:
            self.failing -= 1
            raise StoreError("the disk is full")
        for change in batch:
            if isinstance(change, Put):
                self.rows[change.kind, change.key] = change.row
            else:
                self.rows.pop((change.kind, change.key), None)
        if self.torn:
            self.torn -= 1
            raise StoreError("the disk did not answer")
        self.batches.append(tuple(batch))
        return sum(len(str(change)) for change in batch)

    async def close(self) -> None:
        """See :meth:`IStore.close`."""
        self._is_open = False

    def release(self) -> None:
        """Let the batches that wait go on."""
        held, self._held = self._held, []
        for one in held:
            one.callback(None)
