"""Keeps the history of the metrics that have one, and lets go of the series of members that left."""

from __future__ import annotations

from collections.abc import Iterator

from twisted.logger import Logger

from lanrage.app.metrics_sampler import Sample
from lanrage.core.metric_book import MetricBook
from lanrage.core.metric_names import KEPT, PEER_INFO, PEER_LABEL
from lanrage.core.metric_reading import Reading
from lanrage.timing import timing_decorator

LATENCY = "lanrage_peer_rtt_seconds"
FORGET_AFTER = 60.0
"""Seconds without a reading of a member after which its series go: one whose link is made anew keeps them."""
PREPARED = 4
"""Series that are looked at with each sample, to make an aggregate ahead: half a millisecond each, and a party's rings
are full in the same second."""


log = Logger()


class MetricsKeeper:
    """Feeds a book.

    :ivar names: of the members that have series, by their party addresses.
    """

    def __init__(self) -> None:
        self.book = MetricBook(KEPT)
        self.names: dict[str, str] = {}
        self._kept = frozenset(metric.name for metric in KEPT)
        self._seen: dict[str, tuple[str, float]] = {}

    def keep(self, sample: Sample) -> None:
        """One sample more."""
        record, kept, at = self.book.record, self._kept, sample.at
        for name, labels, value in sample.readings:
            if name == LATENCY:
                self._record_latency(labels, value, at)
            elif name in kept:
                record(name, labels, value, at)
            elif name == PEER_INFO:
                self._saw(labels, at)
        self.book.prepare(PREPARED)
        for address in [address for address, (_, seen) in self._seen.items() if at - seen >= FORGET_AFTER]:
            self.book.forget(PEER_LABEL, address)  # first: whoever is told asks whose they were
            del self._seen[address], self.names[address]
            log.debug("the series of {peer} are let go", peer=address)

    def _saw(self, who: tuple[str, ...], at: float) -> None:
        """A member is there; one that has got another's address begins its own series.

        :param who: address, name, identity.
        """
        address, name, identity = who
        before, _ = self._seen.get(address, (identity, at))
        if before != identity:
            self.book.forget(PEER_LABEL, address)
        self._seen[address], self.names[address] = (identity, at), name

    def identity_of(self, address: str) -> str | None:
        """The fingerprint of the member who has this address; ``None`` for none."""
        seen = self._seen.get(address)
        return seen[0] if seen is not None else None

    @timing_decorator("metrics.record_latency")
    def _record_latency(self, labels: tuple[str, ...], value: float, at: float) -> None:
        self.book.record(LATENCY, labels, value, at)

    def readings(self) -> Iterator[Reading]:
        """What the book itself takes and does."""
        book = self.book
        yield Reading("lanrage_metrics_memory_bytes", (), float(book.memory_bytes))
        yield Reading("lanrage_metrics_buffer_fills_total", (), float(book.buffer_fills))
        yield Reading("lanrage_metrics_aggregations_total", (), float(book.aggregations_performed))
        yield Reading("lanrage_metrics_refused_samples_total", (), float(book.refused))
