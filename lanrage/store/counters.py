"""What the journal counts, in memory that does not grow."""

from __future__ import annotations

import math
from array import array

import attrs

SAMPLES = 1024
"""Batches whose times are kept for percentiles: the last 100 s at the default interval, 8 KiB."""


@attrs.define
class Latencies:
    """The last samples, in seconds.

    :ivar last: the newest; ``longest`` the longest of all; ``total`` the sum of all.
    """

    last: float = 0.0
    longest: float = 0.0
    total: float = 0.0
    _ring: array[float] = attrs.field(init=False, factory=lambda: array("d"), repr=False)
    _next: int = attrs.field(init=False, default=0)

    def add(self, seconds: float) -> None:
        """One more; the oldest goes when the ring is full."""
        self.last, self.longest = seconds, max(self.longest, seconds)
        self.total += seconds
        if len(self._ring) < SAMPLES:
            self._ring.append(seconds)
        else:
            self._ring[self._next] = seconds
            self._next = (self._next + 1) % SAMPLES

    def percentile(self, share: float) -> float:
        """The smallest kept sample that `share` (0 to 1) of them do not exceed (nearest rank); 0 without samples."""
        if not self._ring:
            return 0.0
        return sorted(self._ring)[max(0, math.ceil(share * len(self._ring)) - 1)]


@attrs.define
class JournalCounters:
    """What the journal did; `queued` = `deduplicated` + `written` + what waits.

    :ivar queued: changes given to it.
    :ivar deduplicated: not written: overtaken by a newer one of the same key, or no change at all.
    :ivar batches: transactions committed: the writes.
    :ivar written: changes committed.
    :ivar written_bytes: bytes of their values.
    :ivar failures: tries that failed.
    :ivar flush: seconds that the last batches took, from the store's call to its confirmation.
    """

    queued: int = 0
    deduplicated: int = 0
    batches: int = 0
    written: int = 0
    written_bytes: int = 0
    failures: int = 0
    flush: Latencies = attrs.field(factory=Latencies)

    @property
    def saved(self) -> int:
        """Transactions saved against one a change."""
        return self.queued - self.batches

    def facts(self) -> dict[str, int | float]:
        """All of it as numbers, times in ms."""
        return {
            "queued": self.queued,
            "deduplicated": self.deduplicated,
            "batches": self.batches,
            "written": self.written,
            "written_bytes": self.written_bytes,
            "saved": self.saved,
            "failures": self.failures,
            "flush_p50_ms": round(self.flush.percentile(0.5) * 1000, 3),
            "flush_p99_ms": round(self.flush.percentile(0.99) * 1000, 3),
            "flush_max_ms": round(self.flush.longest * 1000, 3),
            "flush_total_ms": round(self.flush.total * 1000, 3),
        }
