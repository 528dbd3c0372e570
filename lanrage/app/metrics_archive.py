"""The metrics' history on disk: written as minutes, hours and days are over, read again when a series comes back.

Nothing here waits for the disk on the reactor's thread, and none of it stops the measuring: while the disk is full or
read-only all goes on in memory, and what is missing there is written once it can be (docs/operations/monitoring.rst).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from lanrage.app.metrics_of_history import nothing_stored, told
from lanrage.app.metrics_sampler import Sample
from lanrage.core.fold import NEVER
from lanrage.core.metric_archive import ArchivedSeries, ArchiveIndex, Name
from lanrage.core.metric_book import MetricBook, Series
from lanrage.core.metric_names import BY_NAME, PEER_LABEL
from lanrage.core.metric_reading import Reading
from lanrage.core.metric_rows import MetricChange, MetricRow, SpanRow
from lanrage.core.stored_rows import Put
from lanrage.errors import StoreError
from lanrage.logs.carry import apart
from lanrage.store.journal import Journal
from lanrage.store.metric_store import MetricStore
from lanrage.timing import timing_span

LATE = 5.0
"""Seconds after a full minute in which its last samples arrive."""
LOOKED = 100
"""Series that are looked at with each sample, when a minute is over: a party's are due in the same second."""
ROWS = 300
"""Rows that are queued with each sample, 3 ms: after an outage there are a day's of each series."""
ENDED_LIMIT = 128
"""Series that have ended and wait to be written, 32 MB; what more of them measured is lost, and counted."""
WAITING_LIMIT = 20_000
"""Rows that wait for the disk, 10 MB; what comes then waits in the rings until there is room."""
INTERVAL = 5.0
"""Seconds that a row waits for others: one transaction for all of a minute."""
PAUSE = 0.02
"""Seconds between two series that are read: 2 ms of Python in the other thread each, with the reactor in between."""
FIRST_RETRY, LAST_RETRY = 2.0, 60.0
"""Seconds between two tries to open the file, doubling."""

FLUSHED = timing_span("metrics.flush")

log = Logger()


class MetricsArchive(Service):
    """Keeps a book's histories in a file.

    :param store: the file; it is opened and closed here.
    :param book: whose series are kept.
    :param identity: the fingerprint of the member who has a party address, by which the disk knows its series.
    """

    def __init__(
        self, reactor: Any, store: MetricStore, book: MetricBook, identity: Callable[[str], str | None]
    ) -> None:
        self._reactor, self._identity, self._store = reactor, identity, store
        self._index = ArchiveIndex(())
        self._journal: Journal[MetricRow] | None = None
        self._new: dict[Name, tuple[Series, float]] = {}
        self._series: dict[Name, ArchivedSeries] = {}
        self._keys, self._unread = dict[Name, Name](), deque[tuple[ArchivedSeries, float]]()
        self._over: deque[ArchivedSeries] = deque()
        self._lost = 0
        self._due: deque[Name] = deque()
        self._minute = 0.0
        self._work: Deferred[None] | None = None
        self._trouble = ""
        book.begun, book.ended = self._begun, self._ended
        store.begun_anew = self._begun_anew

    @property
    def trouble(self) -> str:
        """Why the file cannot be used now; empty while it can."""
        return self._trouble or (self._journal.trouble if self._journal is not None else "")

    @property
    def dropped(self) -> int:
        """Changes that no file can hold, and series that ended while too many waited."""
        return self._store.dropped + self._lost

    def startService(self) -> None:
        """Open the file, now or when it can be."""
        super().startService()  # type: ignore[no-untyped-call]
        self._do(self._open)

    def stopService(self) -> Deferred[None]:
        """Write what is not written, then close."""
        super().stopService()  # type: ignore[no-untyped-call]
        return Deferred.fromCoroutine(self._stop())

    # --- the samples' side --------------------------------------------------------------------------------------------

    def keep(self, sample: Sample) -> None:
        """Called with each sample, after the book had it: look whether something is to be written, or read."""
        journal = self._journal
        if journal is None or not self.running:
            return
        if (self._new or self._unread) and self._work is None:
            self._do(self._load)
        room = self._write_ended(journal, ROWS)
        minute = (sample.at - LATE) // 60.0
        if minute != self._minute and not self._due:
            self._minute = minute
            self._due.extend(self._series)
        for _ in range(min(LOOKED, len(self._due))):
            if journal.waiting >= WAITING_LIMIT or room <= 0:
                return
            record = self._series.get(key := self._due.popleft())
            if record is not None and record.loaded and record.behind:
                journal.add(changes := self._changes(record, sample.at, room))
                room -= len(changes)
                if changes and record.behind:
                    self._due.appendleft(key)

    def _write_ended(self, journal: Journal[MetricRow], room: int) -> int:
        """Write the series that have ended.

        :returns: rows that may be queued besides.
        """
        while self._over and room > 0 and journal.waiting < WAITING_LIMIT:
            record = self._over[0]
            journal.add(changes := self._changes(record, record.series.latest[0], room))
            room -= len(changes)
            if changes and record.behind:
                break
            self._over.popleft()
            if record.number is not None:
                journal.add(record.rest(record.number))
        return room

    def _begun(self, metric: str, labels: tuple[str, ...], series: Series) -> None:
        self._new[metric, labels] = series, series.latest[0]

    def _ended(self, metric: str, labels: tuple[str, ...], series: Series) -> None:
        fresh = self._new.pop((metric, labels), None)
        record = self._series.pop((metric, labels), None)
        if record is not None and self._keys.get(record.name) == (metric, labels):
            del self._keys[record.name]
        began = fresh[1] if fresh is not None else NEVER
        if fresh is not None and record is None and (name := self._name(metric, labels)) is not None:
            record = ArchivedSeries(name, series)
        if record is not None:
            self._finish(record, began)

    def _finish(self, record: ArchivedSeries, began: float = NEVER) -> None:
        """A series ends that is to be written; one that was not read is read first, or whatever reads it finishes it.

        :param began: time of its first sample, where nothing reads it yet.
        """
        if len(self._over) + len(self._unread) >= ENDED_LIMIT:
            self._lost += 1
        elif record.loaded:
            self._over.append(record)
        elif began > NEVER:
            self._unread.append((record, began))

    def _changes(self, record: ArchivedSeries, at: float, most: int | None = None) -> list[MetricChange]:
        """What of a series is to be written.

        :param most: spans of it.
        """
        changes: list[MetricChange] = []
        if record.number is None:
            record.number, changes = self._index.see(record.name, at, (each.name for each in self._series.values()))
            if record.number is None:
                return []
        spans = record.spans(record.number, most)
        if any(isinstance(each, Put) and isinstance(each.row, SpanRow) and each.row.step == "hour" for each in spans):
            changes += self._index.see(record.name, at)[1]
        return [*changes, *spans]

    def _name(self, metric: str, labels: tuple[str, ...]) -> Name | None:
        """What a series is called on disk; ``None`` where nobody knows whose it is."""
        stored = []
        for label, value in zip(BY_NAME[metric].labels, labels, strict=True):
            who = self._identity(value) if label == PEER_LABEL else value
            if who is None:
                return None
            stored.append(who)
        return metric, tuple(stored)

    def readings(self) -> Iterator[Reading]:
        """What is on disk, and on its way."""
        journal = self._journal
        if journal is None:
            return nothing_stored()
        counters = journal.counters
        return told(self._store.series, journal.waiting, counters.written, counters.failures, self.dropped)

    # --- the disk's side ----------------------------------------------------------------------------------------------

    def _do(self, work: Callable[[], Any]) -> None:
        """Begin what waits for the disk; one at a time."""

        def done(result: Failure | None) -> None:
            self._work = None
            if result is not None and not result.check(CancelledError):
                log.failure("the metrics' history is kept no more", result)

        with apart():
            self._work = doing = Deferred.fromCoroutine(work())
            doing.addBoth(done)
            if doing.called:
                self._work = None

    def _pause(self, seconds: float) -> Deferred[None]:
        return deferLater(self._reactor, seconds, lambda: None)

    async def _open(self) -> None:
        delay = FIRST_RETRY
        while True:
            try:
                rows = await self._store.open()
                break
            except StoreError as error:
                self._tell(error)
            await self._pause(delay)
            delay = min(LAST_RETRY, 2 * delay)
        self._index = ArchiveIndex(rows)
        self._journal = Journal(self._reactor, self._store, None, INTERVAL, FLUSHED, log)
        self._well()
        log.info("the metrics' history is kept in {path}: {count} series", path=self._store.path, count=len(rows))

    async def _load(self) -> None:
        """Read what there is of the series that have come."""
        while self._new or self._unread:
            if self._unread:
                record, began = self._unread[0]  # where a stop finds it, too
                if await self._read(record, began):
                    self._over.append(self._unread.popleft()[0])
                else:
                    self._unread.rotate(-1)
                    await self._pause(FIRST_RETRY)
                continue
            key = next(iter(self._new))
            series, began = self._new.pop(key)
            name = self._name(*key)
            if name is not None:
                self._replace(name)
                record = self._series[key] = ArchivedSeries(name, series)
                self._keys[name] = key
                await self._load_one(key, record, began)

    async def _load_one(self, key: Name, record: ArchivedSeries, began: float) -> None:
        read = await self._read(record, began)
        if self._series.get(key) is not record:  # it ended, or another has its name
            if read:
                self._finish(record)
            else:
                self._unread.append((record, began))
        elif not read:
            del self._series[key]
            self._new.setdefault(key, (record.series, began))
        if not read:
            await self._pause(FIRST_RETRY)

    def _replace(self, name: Name) -> None:
        """Of two series of one member, who has got another address, the newer one is written."""
        key = self._keys.pop(name, None)
        record = self._series.pop(key, None) if key is not None else None
        if record is not None:
            self._finish(record)

    async def _read(self, record: ArchivedSeries, began: float) -> bool:
        """Read one series; false when it cannot be read now."""
        assert self._journal is not None
        while any(each.name == record.name for each in self._over):  # it is back before all of it is written
            await self._pause(INTERVAL / 4)
        record.number = self._index.number_of(record.name)
        if record.number is None:
            record.loaded = True
            await self._pause(0.0)  # there may be a thousand
            return True
        while not self._journal.idle:  # what is read must be what was written
            await self._pause(INTERVAL / 4)
        try:
            stored = await self._store.spans(record.number, began)
        except StoreError as error:
            self._tell(error)
            return False
        record.load(stored)
        self._well()
        await self._pause(PAUSE)
        return True

    def _tell(self, error: StoreError) -> None:
        if str(error) != self._trouble:
            log.warn("the metrics' history is not on disk now, and is tried again: {reason}", reason=str(error))
        self._trouble = str(error)

    def _well(self) -> None:
        if self._trouble:
            log.info("the metrics' history can be read and written again")
        self._trouble = ""

    def _begun_anew(self) -> None:
        """The file was damaged: what is in memory is written into the new one."""
        if self._journal is None:
            return
        live = [*self._series.values(), *self._over]
        self._journal.add(self._index.only(each.name for each in live))
        for record in live:
            record.again()

    async def _stop(self) -> None:
        work = self._work
        if work is not None:
            work.cancel()
            await work
        if self._journal is not None:
            try:
                await self._write_all(self._journal)
            except StoreError as error:
                log.warn("the end of the metrics' history is lost: {reason}", reason=str(error))
        await self._store.close()

    async def _write_all(self, journal: Journal[MetricRow]) -> None:
        """What there is of all series, the ended ones first.

        :raises StoreError: it cannot be written, or read, now.
        """
        unread = [*self._unread, *((each, each.series.latest[0]) for each in self._series.values() if not each.loaded)]
        for (metric, labels), (series, began) in self._new.items():
            if (name := self._name(metric, labels)) is not None:
                unread.append((ArchivedSeries(name, series), began))
        for record in (*self._over, *(each for each in self._series.values() if each.loaded)):
            self._end(journal, record)
        await journal.stop()
        for record, began in unread:
            record.number = self._index.number_of(record.name)
            if record.number is not None:
                record.load(await self._store.spans(record.number, began))
            self._end(journal, record)
            await journal.stop()

    def _end(self, journal: Journal[MetricRow], record: ArchivedSeries) -> None:
        journal.add(self._changes(record, record.series.latest[0]))
        if record.number is not None:
            journal.add(record.rest(record.number))
