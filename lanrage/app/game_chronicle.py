"""Keeps the history of games: noted as they start and end, written in a thread, there again after a restart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from lanrage.core.game_detection import GameChange
from lanrage.core.game_history import GameHistory
from lanrage.errors import StoreError
from lanrage.net.threads import in_thread
from lanrage.store.game_history import GameHistoryFile

SAVE_AFTER = 1.0
"""Seconds: what starts and ends within them is written once."""

log = Logger()


@attrs.define(eq=False)
class GameChronicle:
    """The history, from :meth:`start` to :meth:`stop`.

    :param reactor: keeps time and has threads.
    :param folder: the node's state folder.
    """

    reactor: Any
    folder: Path
    history: GameHistory = attrs.field(factory=GameHistory)
    _due: IDelayedCall | None = None
    _turn: Deferred[None] | None = None

    async def start(self) -> None:
        """Read what was before."""
        self.history = GameHistory(await in_thread(self.reactor, GameHistoryFile(self.folder).load))

    def note(self, change: GameChange) -> None:
        """Take a change down."""
        if self.history.note(change) and self._due is None:
            self._due = self.reactor.callLater(SAVE_AFTER, self._save)

    async def stop(self) -> None:
        """Write what is not written yet."""
        if self._turn is not None:
            await self._turn
        if self._due is not None:
            self._due.cancel()
            self._save()
            if self._turn is not None:
                await self._turn

    def _save(self) -> None:
        self._due = None
        if self._turn is not None:  # the disk is slow: it is tried again
            self._due = self.reactor.callLater(SAVE_AFTER, self._save)
            return
        self._turn = in_thread(self.reactor, GameHistoryFile(self.folder).save, self.history.played)
        self._turn.addErrback(self._failed)
        self._turn.addBoth(self._done)

    def _failed(self, failure: Any) -> None:
        if failure.check(StoreError):
            log.warn("the history of games is not written: {why}", why=str(failure.value))
        else:
            log.failure("the history of games is not written", failure)

    def _done(self, result: Any) -> Any:
        self._turn = None
        return result
