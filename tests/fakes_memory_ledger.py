"""A ledger in memory: a chain of hashes whose records anybody may add."""

from __future__ import annotations

import hashlib

import attrs


@attrs.define
class MemoryLedger:
    """Takes records that are marked with the epoch which comes next.

    :ivar taken: (sender, how many) of each delivery.
    :ivar forks: (sender, epoch) of each alarm.
    """

    records: list[bytes] = attrs.field(factory=list)
    taken: list[tuple[bytes, int]] = attrs.field(factory=list)
    forks: list[tuple[bytes, int]] = attrs.field(factory=list)
    _hashes: list[bytes] = attrs.field(init=False, factory=lambda: [bytes(32)])

    def grow(self, count: int, size: int = 300, mark: bytes = b"") -> None:
        """Add records of this size."""
        for _ in range(count):
            record = b"%d %s" % (len(self.records) + 1, mark)
            self.records.append(record.ljust(size, b"."))

    def head(self) -> tuple[int, bytes]:
        """See :class:`lanrage.app.party_channel.PartyLedger`."""
        for record in self.records[len(self._hashes) - 1 :]:
            self._hashes.append(hashlib.sha256(self._hashes[-1] + record).digest())
        return len(self.records), self._hashes[-1]

    def records_after(self, epoch: int) -> tuple[bytes, ...]:
        """See :class:`lanrage.app.party_channel.PartyLedger`."""
        return tuple(self.records[epoch:])

    def received(self, sender: bytes, blobs: tuple[bytes, ...]) -> None:
        """See :class:`lanrage.app.party_channel.PartyLedger`."""
        self.taken.append((sender, len(blobs)))
        for blob in blobs:
            if blob.startswith(b"%d " % (len(self.records) + 1)):
                self.records.append(blob)

    def told(self, sender: bytes, epoch: int, hash_: bytes) -> None:
        """See :class:`lanrage.app.party_channel.PartyLedger`."""
        self.head()
        if epoch < len(self._hashes) and self._hashes[epoch] != hash_ and (sender, epoch) not in self.forks:
            self.forks.append((sender, epoch))
