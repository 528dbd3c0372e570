"""The party file follows the party: one write at a time, the last state wins, and a full disk is waited for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from lanrage.errors import StoreError
from lanrage.net.threads import in_thread

REWRITE_S = 10.0
"""Seconds after which a party that could not be written is tried again."""


class PartySaving:
    """Writes when it is told to.

    :param write: writes the party as it is then; blocks. ``None`` from :attr:`current` writes nothing.
    :param current: takes what is to be written.
    :ivar trouble: why the party is not on disk as it is now; empty when it is.
    """

    log = Logger()

    def __init__(self, reactor: Any, current: Callable[[], Any], write: Callable[[Any], None]) -> None:
        self._reactor = reactor
        self._current = current
        self._write = write
        self.trouble = ""
        self._saving: Deferred[None] | None = None
        self._again = False
        self._rewrite: IDelayedCall | None = None

    def save(self) -> None:
        """Write what is there now, or as soon as the write before is through."""
        if self._saving is not None:
            self._again = True
            return
        saved = self._current()
        if saved is None:
            self.trouble = ""
            return
        self._saving = in_thread(self._reactor, self._write, saved)
        self._saving.addCallbacks(self._on_disk, self._not_on_disk)
        self._saving.addBoth(self._written)

    async def settled(self) -> None:
        """Wait until no write is under way; one that failed is not tried again by itself."""
        self._again = False
        while self._saving is not None:
            waiting: Deferred[None] = Deferred()
            self._saving.addBoth(lambda _result: waiting.callback(None))  # noqa: B023 - awaited before the next round
            await waiting
        rewrite, self._rewrite = self._rewrite, None
        if rewrite is not None:
            rewrite.cancel()

    def _on_disk(self, _result: object) -> None:
        self.trouble = ""

    def _not_on_disk(self, failure: Failure) -> None:
        """It is tried again until it is written; the party goes on meanwhile."""
        if failure.check(StoreError) is None:
            self.log.failure("the party file was not written", failure)
            return
        sentence = f"the party is not saved, and is tried again by itself: {failure.getErrorMessage()}"
        if sentence != self.trouble:
            self.trouble = sentence
            self.log.warn("{sentence}", sentence=sentence)
        if self._rewrite is None:
            self._rewrite = self._reactor.callLater(REWRITE_S, self._write_again)

    def _write_again(self) -> None:
        self._rewrite = None
        self.save()

    def _written(self, _result: object) -> None:
        self._saving = None
        if self._again:
            self._again = False
            self.save()
