"""A backup of the running control server's database each day; what it finds damaged is told at once."""

from __future__ import annotations

import calendar
import time
from collections.abc import Callable
from typing import Any

import attrs
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import LoopingCall
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger

from lanrage.errors import StoreError
from lanrage.store.backup import Copy, make_backup
from lanrage.store.state_folder import STAMP, StateFolder

PERIOD = 86400.0
"""Seconds between two backups: what a damaged disk costs is a day of joins, and members then join again."""
LOOK = 600.0
"""Seconds between two looks at the newest backup's age; the first comes that long after the start."""

log = Logger()


@attrs.define(eq=False)
class DailyBackup:
    """Looks every 10 minutes whether a backup is due; makes it in a thread of the reactor's, beside the store's writes.

    :param now: seconds since the epoch.
    :param make: makes the backup; blocks.
    """

    _reactor: Any
    _state: StateFolder
    _now: Callable[[], float] = time.time
    _make: Callable[[StateFolder, float], Copy] = make_backup
    _loop: LoopingCall | None = attrs.field(init=False, default=None)
    _ended: Deferred[Any] = attrs.field(init=False, factory=lambda: succeed(None))

    def start(self) -> None:
        """Look from now on."""
        self._loop = LoopingCall(self._look)
        self._loop.clock = self._reactor
        self._ended = self._loop.start(LOOK, now=False).addErrback(
            lambda failure: log.failure("the daily backup failed", failure=failure)
        )

    def stop(self) -> Deferred[Any]:
        """Look no more; fires when a backup that is being made is finished."""
        loop, self._loop = self._loop, None
        if loop is not None and loop.running:
            loop.stop()
        return self._ended

    def due(self) -> bool:
        """Whether the newest backup is a day old, or there is none; one from the future says nothing."""
        backups = self._state.backups()
        if not backups:
            return True
        age = self._now() - calendar.timegm(time.strptime(backups[-1].at, STAMP))
        return not -PERIOD < age < PERIOD

    async def _backup(self) -> None:
        try:
            made = await deferToThreadPool(
                self._reactor, self._reactor.getThreadPool(), self._make, self._state, self._now()
            )
        except StoreError as error:
            log.error("no backup could be made: {reason}", reason=str(error))
        else:
            log.info("backup made: {path}, {size} bytes", path=str(made.path), size=made.size)

    def _look(self) -> Deferred[None] | None:
        return Deferred.fromCoroutine(self._backup()) if self.due() else None
