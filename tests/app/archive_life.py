"""Lives of a process that keeps the metrics' history in a folder: a keeper, a real file, and a clock."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import attrs
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.metrics_archive import INTERVAL, MetricsArchive
from lanrage.app.metrics_keeper import MetricsKeeper
from lanrage.app.metrics_sampler import Sample
from lanrage.core.metric_reading import Reading
from lanrage.core.span_ring import Span
from lanrage.store.metric_store import MetricStore
from tests.fakes_metrics import MetricClock
from tests.log_tape import start_tape

RTT, MEMORY = "lanrage_peer_rtt_seconds", "lanrage_process_resident_memory_bytes"
START = 1_200_000_000.0 // 86_400 * 86_400
BEN, EVA = ("10.66.0.2", "Ben", "b1"), ("10.66.0.3", "Eva", "e1")


@attrs.define
class Life:
    """One life of a process."""

    folder: Path
    now: float
    clock: MetricClock = attrs.field(factory=MetricClock)
    keeper: MetricsKeeper = attrs.field(factory=MetricsKeeper)
    archive: MetricsArchive = attrs.field(init=False)
    store: MetricStore = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.store = MetricStore(self.clock, self.folder, lambda: self.clock)
        keeper = self.keeper
        self.archive = MetricsArchive(self.clock, self.store, keeper.book, keeper.identity_of)
        self.archive.startService()

    def run(self, seconds: int, *members: tuple[str, str, str], value: float = 0.5) -> None:
        """So many samples, one a second."""
        for _ in range(seconds):
            readings = [Reading(MEMORY, (), value)]
            for who in members:
                readings += [Reading("lanrage_peer_info", who, 1.0), Reading(RTT, who[:1], value)]
            sample = Sample(self.now, tuple(readings))
            self.keeper.keep(sample)
            self.archive.keep(sample)
            self.clock.advance(1.0)
            self.now += 1.0

    def history(self, step: str, address: str = BEN[0]) -> list[tuple[float, int]]:
        """Beginnings, in spans since the start, and counts."""
        length = {"minute": 60.0, "hour": 3600.0, "day": 86400.0}[step]
        found: list[Span] = self.keeper.book.history(RTT, (address,), step)
        return [((each.timestamp - START) / length, each.count) for each in found]

    def told(self) -> dict[str, float]:
        """The archive's readings."""
        return {each.name.removeprefix("lanrage_metrics_history_"): each.value for each in self.archive.readings()}


class ArchiveCase(SynchronousTestCase):
    """A folder."""

    def setUp(self) -> None:
        """Empty."""
        self.folder = Path(tempfile.mkdtemp(prefix="lanrage-archive-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.tape = start_tape(self)

    def life(self, now: float = START) -> Life:
        """A process begins."""
        life = Life(self.folder, now)
        self.addCleanup(lambda: self.stop(life))
        return life

    def stop(self, life: Life) -> None:
        """It ends well, and leaves nothing behind."""
        stopped = life.archive.stopService()
        life.clock.pump([INTERVAL] * 5)
        self.successResultOf(stopped)
        self.assertEqual([], life.clock.getDelayedCalls())

    def kill(self, life: Life) -> None:
        """It ends at once: nothing more is written, the system lets its locks go."""
        for call in life.clock.getDelayedCalls():
            call.cancel()
        life.archive._journal = None
        self.successResultOf(Deferred.fromCoroutine(life.store.close()))
        life.archive.running = False

    def warned(self, text: str) -> int:
        """How often the log warns so."""
        return sum(text in line["message"] for line in self.tape.where(level="warning"))
