"""The journal: changes on their way to disk, those of the control server's world and those of the metrics' history.

Changes wait in memory, the last one for each key; what did not change is not written. One batch is one transaction.
Durable changes are written at once (those that come while a batch is on its way share the next: group commit), the
others once an interval. A batch holds all that waits, so the disk always shows the world of one moment. A batch that
fails is tried again, with growing delays, for as long as it takes (docs/state.rst).
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Sequence
from typing import Any, Generic, Protocol, TypeVar

import attrs
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from lanrage.core.settings_limits import FLUSH_INTERVAL
from lanrage.core.stored_rows import Erase, Put, RowKey, StoredRow
from lanrage.core.timings import Outcome
from lanrage.errors import StoreError
from lanrage.logs.carry import apart
from lanrage.store.counters import JournalCounters
from lanrage.timing import Span, timing_span

INTERVAL = FLUSH_INTERVAL
"""See there."""
FIRST_RETRY = 0.1
LAST_RETRY = 5.0
"""Seconds between two tries of a batch, doubling: a full disk is looked at often enough to go on soon."""
STOP_PATIENCE = 3.0
"""Seconds that :meth:`Journal.stop` keeps trying: what stays unwritten then was never acknowledged."""

R = TypeVar("R", bound=StoredRow)
R_contra = TypeVar("R_contra", bound=StoredRow, contravariant=True)
Key = tuple[type[R], RowKey]

FLUSHED = timing_span("state.flush")

log = Logger()


class Batches(Protocol[R_contra]):
    """What carries out batches; see :meth:`lanrage.store.database.IStore.apply`."""

    def apply(self, batch: Sequence[Put[R_contra] | Erase[R_contra]]) -> Awaitable[int]:
        """See there."""


@attrs.define(eq=False)
class Journal(Generic[R]):
    """Queues changes and writes them in batches.

    :param clock: delays and latencies.
    :param store: open already.
    :param rows: what the store holds, so that a change to the same value is known as none; ``None``: what is written
        is not remembered, and every change is. For rows that are many and new each time.
    :param interval: seconds that a change may wait which is not durable.
    :param timed: the operation that a batch is.
    :param log: where it says that the store fails, and that it works again.
    :ivar trouble: why the last try failed; empty when it did not.
    """

    _clock: IReactorTime
    _store: Batches[R]
    _rows: Iterable[R] | None = attrs.field(repr=False)
    _interval: float = INTERVAL
    _timed: Span = FLUSHED
    _log: Logger = attrs.field(default=log, repr=False)
    counters: JournalCounters = attrs.field(init=False, factory=JournalCounters)
    trouble: str = attrs.field(init=False, default="")
    _stored: dict[Key[R], R] | None = attrs.field(init=False, repr=False)
    _waiting: dict[Key[R], Put[R] | Erase[R]] = attrs.field(init=False, factory=dict)
    _writing: dict[Key[R], Put[R] | Erase[R]] = attrs.field(init=False, factory=dict)
    _doubtful: set[Key[R]] = attrs.field(init=False, factory=set)
    _watchers: list[Deferred[None]] = attrs.field(init=False, factory=list)
    _current: list[Deferred[None]] = attrs.field(init=False, factory=list)
    _due: IDelayedCall | None = attrs.field(init=False, default=None)
    _busy: bool = attrs.field(init=False, default=False)
    _batch: Deferred[None] | None = attrs.field(init=False, default=None)
    _retry: float = attrs.field(init=False, default=0.0)
    _durable: bool = attrs.field(init=False, default=False)
    _grave: bool = attrs.field(init=False, default=False)

    def __attrs_post_init__(self) -> None:
        self._stored = {(type(row), row.key): row for row in self._rows} if self._rows is not None else None
        self._rows = ()

    @property
    def waiting(self) -> int:
        """Changes that wait, without those of a transaction under way."""
        return len(self._waiting)

    @property
    def idle(self) -> bool:
        """Whether all that was queued is on disk."""
        return not self._waiting and not self._busy

    def add(self, changes: Iterable[Put[R] | Erase[R]]) -> None:
        """Queue changes; they stay in memory until the disk confirmed them."""
        durable = False
        for change in changes:
            self.counters.queued += 1
            if self._queue(change):
                durable = durable or change.kind.durable
        self._durable = self._durable or durable
        if self._waiting or self._durable:
            self._schedule(0.0 if self._durable else self._interval)

    def _queue(self, change: Put[R] | Erase[R]) -> bool:
        """Let a change wait; false when it says nothing new."""
        key = (change.kind, change.key)
        if change == self._latest(key):
            self.counters.deduplicated += 1
            return False
        if key in self._waiting:
            self.counters.deduplicated += 1
            if key not in self._writing and key not in self._doubtful and change == self._stored_as(key):
                del self._waiting[key]
                self.counters.deduplicated += 1
                return False
        self._waiting[key] = change
        return True

    def committed(self) -> Deferred[None]:
        """Fires when every durable change queued until now is on disk; at once when there is none."""
        done: Deferred[None]
        if self._durable:
            self._watchers.append(done := Deferred())
        elif self._grave:
            self._current.append(done := Deferred())
        else:
            done = succeed(None)
        return done

    async def stop(self) -> None:
        """Write what waits, then return; gives up after 3 s of failures.

        :raises StoreError: what could not be written, and why.
        """
        deadline = self._clock.seconds() + STOP_PATIENCE
        while self._waiting or self._busy or self._watchers:
            failures = self.counters.failures
            self._flush()
            if self._busy and self._batch is not None:
                await _fork(self._batch)
            if self.counters.failures > failures:
                if self._clock.seconds() >= deadline:
                    self._cancel_due()
                    raise StoreError(f"{len(self._waiting)} changes could not be written: {self.trouble}")
                await self._pause(FIRST_RETRY)
        self._cancel_due()

    def _latest(self, key: Key[R]) -> Put[R] | Erase[R] | None:
        """What this key will hold once everything queued is written; ``None``: nobody knows."""
        return self._waiting.get(key) or self._writing.get(key) or self._stored_as(key)

    def _stored_as(self, key: Key[R]) -> Put[R] | Erase[R] | None:
        """The change that leads to what the last confirmed batch left; ``None``: nobody knows."""
        if self._stored is None:
            return None
        stored = self._stored.get(key)
        return Put(stored) if stored is not None else Erase(*key)

    def _schedule(self, delay: float) -> None:
        if self._busy:
            return
        delay = max(delay, self._retry)
        if self._due is not None and self._due.active():
            if self._due.getTime() <= self._clock.seconds() + delay:
                return
            self._due.cancel()
        with apart():  # a batch holds the changes of many
            self._due = self._clock.callLater(delay, self._flush)

    def _cancel_due(self) -> None:
        if self._due is not None and self._due.active():
            self._due.cancel()
        self._due = None

    def _flush(self) -> None:
        self._cancel_due()
        if self._busy:
            return
        if not self._waiting:
            self._durable = False
            self._answer(self._watchers)
            return
        self._busy = True
        self._writing, self._waiting = self._waiting, {}
        self._current, self._watchers = self._watchers, []
        self._grave, self._durable = self._durable, False
        self._batch = Deferred.fromCoroutine(self._write(tuple(self._writing.values())))

    async def _write(self, batch: tuple[Put[R] | Erase[R], ...]) -> None:
        began = self._clock.seconds()
        try:
            size = await self._store.apply(batch)
        except Exception as error:  # whatever it is, the changes wait  # pylint: disable=broad-exception-caught
            self._timed.note(self._clock.seconds() - began, Outcome.FAILED)
            self._failed(error)
        else:
            self._timed.note(self._clock.seconds() - began)
            self._confirmed(batch, size, self._clock.seconds() - began)

    def _confirmed(self, batch: tuple[Put[R] | Erase[R], ...], size: int, latency: float) -> None:
        counters = self.counters
        counters.batches += 1
        counters.written += len(batch)
        counters.written_bytes += size
        counters.flush.add(latency)
        self._remember(batch)
        if self.trouble:
            self._log.info("the journal writes again after {failures} failed tries", failures=counters.failures)
        self.trouble, self._retry, self._writing, self._busy = "", 0.0, {}, False
        self._doubtful.clear()
        self._grave = False
        done, self._current = self._current, []
        self._again()
        self._answer(done)

    def _remember(self, batch: tuple[Put[R] | Erase[R], ...]) -> None:
        if self._stored is None:
            return
        for change in batch:
            if isinstance(change, Put):
                self._stored[change.kind, change.key] = change.row
            else:
                self._stored.pop((change.kind, change.key), None)

    @staticmethod
    def _answer(watchers: list[Deferred[None]]) -> None:
        done = watchers[:]
        watchers.clear()
        for watcher in done:
            watcher.callback(None)

    def _failed(self, error: Exception) -> None:
        self.counters.failures += 1
        if not self.trouble:
            self._log.warn("changes wait in memory, the store failed: {reason}", reason=str(error))
        self.trouble = str(error)
        self._retry = min(LAST_RETRY, max(FIRST_RETRY, 2 * self._retry))
        # A commit that failed may have reached the disk all the same: until the next one each of its keys is in doubt.
        self._doubtful.update(self._writing)
        self._waiting, self._writing = self._writing | self._waiting, {}
        self._durable = self._durable or any(change.kind.durable for change in self._waiting.values())
        self._watchers, self._current = self._current + self._watchers, []
        self._busy = self._grave = False
        self._again()

    def _again(self) -> None:
        if self._waiting or self._durable:
            self._schedule(0.0 if self._durable else self._interval)

    def _pause(self, delay: float) -> Deferred[None]:
        pause: Deferred[None] = Deferred()
        self._clock.callLater(delay, pause.callback, None)
        return pause


def _fork(source: Deferred[Any]) -> Deferred[None]:
    """A Deferred that fires after another, which stays as it is."""
    result: Deferred[None] = Deferred()

    def passed(value: Any) -> Any:
        result.callback(None)
        return value

    source.addBoth(passed)
    return result
