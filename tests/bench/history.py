"""``python -m tests.bench history``: what the metrics' history on disk costs a node of a party of 16.

A day of the series that such a node keeps, each with a sample every 20 s (what is written are minutes, hours and days,
however many samples they have) while the archive is called every second as in a node; then a restart. The file is
a real one; the thread's work is done in turn with the reactor's, so that each is measured by itself.
"""

from __future__ import annotations

import argparse
import gc
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lanrage.app.metrics_archive import INTERVAL, MetricsArchive
from lanrage.app.metrics_keeper import MetricsKeeper
from lanrage.app.metrics_sampler import Sample
from lanrage.core.metric_names import KEPT, PEER_INFO, PEER_LABEL
from lanrage.core.metric_reading import Reading
from lanrage.store.metric_store import MetricStore
from tests.fakes_metrics import MetricClock

MEMBERS, KINDS = 16, ("local", "public", "mapped", "relay")
"""Of the party, this node included; of paths to each."""
STEP = 20.0
"""Seconds between two samples."""
LIMIT_MS = 10.0
"""As in :mod:`tests.bench.sampler`: no sample may hold up the reactor for longer."""


class Threads(MetricClock):
    """A clock whose thread's time is summed.

    :ivar spent: seconds of work for the thread.
    """

    def __init__(self) -> None:
        super().__init__()
        self.spent = 0.0

    def callInThreadWithCallback(self, done: Any, call: Any, *args: Any) -> None:
        """Work for the thread."""

        def timed() -> Any:
            began = time.thread_time()
            try:
                return call(*args)
            finally:
                self.spent += time.thread_time() - began

        super().callInThreadWithCallback(done, timed)


class Life:
    """A process that measures.

    :ivar reactor: milliseconds of the reactor's thread for the archive, one number a second.
    """

    def __init__(self, folder: Path, members: int, now: float) -> None:
        self.clock, self.keeper, self.now = Threads(), MetricsKeeper(), now
        self.readings = [each for number in range(2, members + 1) for each in of_member(f"10.66.0.{number}")]
        self.readings += [Reading(metric.name, (), 0.5) for metric in KEPT if not metric.labels]
        store = MetricStore(self.clock, folder, lambda: self.clock)
        self.archive = MetricsArchive(self.clock, store, self.keeper.book, self.keeper.identity_of)
        self.archive.startService()
        self.reactor: list[float] = []

    def sample(self) -> None:
        """One more."""
        sample = Sample(self.now, tuple(self.readings))
        self.keeper.keep(sample)
        for _ in range(int(STEP)):
            thread, began = self.clock.spent, time.thread_time()
            self.archive.keep(sample)
            self.clock.pump((0.25,) * 4)
            self.reactor.append(1000 * (time.thread_time() - began - (self.clock.spent - thread)))
        self.now += STEP

    def told(self) -> dict[str, float]:
        """The archive's readings."""
        return {each.name.removeprefix("lanrage_metrics_history_"): each.value for each in self.archive.readings()}

    def stop(self) -> None:
        """It ends well."""
        self.archive.stopService()
        self.clock.pump((INTERVAL,) * 5)


def of_member(address: str) -> list[Reading]:
    """What is kept of a member."""
    found = [Reading(PEER_INFO, (address, address, f"identity of {address}"), 1.0)]
    for metric in KEPT:
        if metric.labels == (PEER_LABEL,):
            found.append(Reading(metric.name, (address,), 0.5))
        elif metric.labels:
            found += [Reading(metric.name, (address, kind), 0.5) for kind in KINDS]
    return found


def size_of(folder: Path) -> int:
    """Bytes on disk."""
    return sum(path.stat().st_size for path in folder.iterdir())


def run(words: Sequence[str]) -> dict[str, Any]:
    """Measure."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench history", description=__doc__.partition("\n")[0])
    parser.add_argument("--hours", type=float, default=24.0, help="that are simulated [24]")
    parser.add_argument("--members", type=int, default=MEMBERS, help="of the party [16]")
    chosen = parser.parse_args(words)
    gc.collect()
    gc.freeze()  # else a collection of all that the bench has imported counts to the sample in which it comes
    with tempfile.TemporaryDirectory(prefix="lanrage-history-") as name:
        folder = Path(name)
        life = Life(folder, chosen.members, 1_200_009_600.0)
        for _ in range(int(3600 * chosen.hours / STEP)):
            life.sample()
        told, series = life.told(), len(list(life.keeper.book.latest()))
        assert life.archive._journal is not None
        counters, hours = life.archive._journal.counters, chosen.hours
        life.stop()
        again = Life(folder, chosen.members, life.now)
        while len(again.archive._series) < series or again.archive._work is not None:
            again.sample()
        spans = [
            len(again.keeper.book.history(each.name, labels, "minute"))
            for each, labels, _, _ in again.keeper.book.latest()
        ]
        loaded = {"reactor_us": 1000 * sum(again.reactor) / series, "thread_us": 1e6 * again.clock.spent / series}
        again.stop()
        return {
            "series": series,
            "rows_per_hour": round(told["written_total"] / hours),
            "value_bytes_per_hour": round(counters.written_bytes / hours),
            "transactions_per_hour": round(counters.batches / hours, 1),
            "file_bytes": size_of(folder),
            "reactor_ms_per_hour": round(sum(life.reactor) / hours, 1),
            "reactor_max_ms": round(max(life.reactor[1:]), 3),
            "thread_ms_per_hour": round(1000 * life.clock.spent / hours, 1),
            "load_of_a_series": {key: round(value, 1) for key, value in loaded.items()},
            "minutes_after_restart": min(spans),
            "ok": max(life.reactor[1:]) <= LIMIT_MS and min(spans) >= min(1440, int(60 * hours)),
        }
