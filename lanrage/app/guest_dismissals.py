"""Dismissals of guests that the party does not know of yet: kept on disk, and told as soon as the server answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, DeferredLock
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from lanrage.core.ledger_records import DismissGuest
from lanrage.core.replica import PartyReplica
from lanrage.errors import LanrageError, Refused, StoreError
from lanrage.net.threads import in_thread
from lanrage.store.dismissals import DismissalsFile

AGAIN = 10.0
"""Seconds between tries to tell the party; one waits as long for the server by itself."""

TEMPORARY = frozenset({"conflict", "limit"})
"""Refusals that mean "not now": the party changes faster than this node follows, the server has too much to do."""

log = Logger()


class Dismissals:
    """Of one session, from :meth:`load` to :meth:`stop`.

    :param clock: a reactor; its thread pool writes the file.
    :param act: signs a record and has it appended (:meth:`lanrage.app.governance.Governance.act`).
    :param known: whether the ledger has a guest of this key that was not dismissed.
    :ivar pending: keys of the guests that the party is still to be told of.
    :ivar changed: called when a dismissal was refused: that guest is one again.
    """

    def __init__(
        self,
        clock: Any,
        file: DismissalsFile,
        party_id: str,
        act: Callable[[DismissGuest], Awaitable[None]],
        known: Callable[[bytes], bool],
    ) -> None:
        self._clock, self._file, self._party_id, self._act, self._known = clock, file, party_id, act, known
        self._time: IReactorTime = clock
        self.pending: frozenset[bytes] = frozenset()
        self.changed: Callable[[], object] = lambda: None
        self._writing = DeferredLock()
        self._timer: IDelayedCall | None = None
        self._work: Deferred[None] | None = None
        self._stopped = False

    @classmethod
    def of(
        cls, clock: Any, folder: Path, replica: PartyReplica, act: Callable[[DismissGuest], Awaitable[None]]
    ) -> Dismissals:
        """Of a node's party.

        :param folder: the node's state folder.
        """

        def known(key: bytes) -> bool:
            return replica.ledger is not None and key in replica.ledger.guests.guests

        return cls(clock, DismissalsFile(folder), replica.party_id, act, known)

    # --- life ---------------------------------------------------------------------------------------------------------

    async def load(self) -> None:
        """Take up what an earlier session left to do. Never fails: without its file there is nothing."""
        await self._writing.acquire()
        try:
            self.pending |= await in_thread(self._clock, self._file.load, self._party_id)
        finally:
            self._writing.release()
        self._schedule(0.0)

    def stop(self) -> None:
        """Tell nobody any more; what is pending stays on disk."""
        self._stopped = True
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
        work, self._work = self._work, None
        if work is not None:
            work.cancel()

    # --- what is to be done -------------------------------------------------------------------------------------------

    async def add(self, key: bytes) -> None:
        """This guest is dismissed; from the end of this call on that is so over a crash, too.

        :raises StoreError: it cannot be kept; then nothing has changed.
        """
        await self._keep(key, True)

    async def told(self, key: bytes) -> None:
        """The party knows, or refuses it: nothing is left to do."""
        try:
            await self._keep(key, False)
        except StoreError as error:
            # Told again at the next start at worst, when the ledger has it no more.
            log.warn("a dismissal that is done stays on disk: {error}", error=str(error))

    def later(self) -> None:
        """Go on trying to tell what is pending."""
        self._schedule(AGAIN)

    # --- within -------------------------------------------------------------------------------------------------------

    async def _keep(self, key: bytes, there: bool) -> None:
        await self._writing.acquire()
        try:
            wanted = self.pending | {key} if there else self.pending - {key}
            if not there:
                self.pending = wanted
            await in_thread(self._clock, self._file.save, self._party_id, wanted)
            self.pending = wanted
        finally:
            self._writing.release()

    def _schedule(self, delay: float) -> None:
        idle = self._work is None and (self._timer is None or not self._timer.active())
        if idle and self.pending and not self._stopped:
            self._timer = self._time.callLater(delay, self._begin)

    def _begin(self) -> None:
        self._work = work = Deferred.fromCoroutine(self._tell_all())
        work.addErrback(self._failed)
        work.addBoth(self._ended)

    async def _tell_all(self) -> None:
        for key in sorted(self.pending):
            if self._known(key):
                try:
                    await self._act(DismissGuest(key))
                except Refused as error:
                    if error.code in TEMPORARY:
                        raise
                    log.warn("a guest that was dismissed here is one again: {error}", error=str(error))
            await self.told(key)
            self.changed()

    def _failed(self, failure: Any) -> None:
        if failure.check(CancelledError):
            return
        if failure.check(LanrageError):
            log.info("the party is told of a dismissed guest later: {reason}", reason=failure.getErrorMessage())
        else:
            log.failure("the party was not told of a dismissed guest", failure)

    def _ended(self, _result: object) -> None:
        self._work = None
        self._schedule(AGAIN)
