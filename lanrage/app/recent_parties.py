"""Remembers the parties that this machine takes part in (``docs/desktop.rst``)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from lanrage.core.recent_parties import RecentParty, remembered
from lanrage.errors import LanrageError
from lanrage.net.threads import in_thread
from lanrage.store.recent_parties import RecentPartiesFile

BEAT = 5.0
"""Seconds between looks at who is there."""
SAVED_EVERY = 300.0
"""Seconds after which the time at which a party was seen last is written; whoever is new is written at once."""

log = Logger()


class RecentParties(Service):
    """From start to stop.

    :param file: where it is kept.
    :param see: the party as it is now, with those of its members that are there; ``None`` outside of one.
    :ivar parties: the latest first.
    :ivar trouble: why they cannot be written; empty where they can.
    """

    def __init__(self, reactor: Any, file: RecentPartiesFile, see: Callable[[], RecentParty | None]) -> None:
        self._reactor, self._file, self._see = reactor, file, see
        self.parties: tuple[RecentParty, ...] = ()
        self.trouble = ""
        self._saved: tuple[RecentParty, ...] = ()
        self._saved_at = 0.0
        self._looking: LoopingCall | None = None
        self._writing: Deferred[Any] = succeed(None)

    def startService(self) -> None:
        """Read the file, then look."""
        super().startService()  # type: ignore[no-untyped-call]
        self._writing = in_thread(self._reactor, self._file.load)
        self._writing.addCallbacks(self._loaded, self._not_done)

    def stopService(self) -> Deferred[Any]:
        """Write what is not written yet."""
        self.look()
        super().stopService()  # type: ignore[no-untyped-call]
        looking, self._looking = self._looking, None
        if looking is not None and looking.running:
            looking.stop()
        if looking is not None:
            self._save()
        return self._writing

    def _loaded(self, parties: tuple[RecentParty, ...]) -> None:
        self.parties = self._saved = parties
        if not self.running:
            return
        self._looking = LoopingCall(self.look)
        self._looking.clock = self._reactor
        self._looking.start(BEAT).addErrback(self._not_done)

    def look(self) -> None:
        """See who is there now."""
        seen = self._see() if self.running and self._looking is not None else None
        if seen is None:
            return
        self.parties = remembered(self.parties, seen)
        if _without_time(self.parties) != _without_time(self._saved) or (
            self._reactor.seconds() - self._saved_at >= SAVED_EVERY
        ):
            self._save()

    def _save(self) -> None:
        """One write after the other; the last holds what is so then."""
        if self.parties == self._saved:
            return
        self._saved, self._saved_at = self.parties, self._reactor.seconds()
        parties = self.parties
        self._writing.addCallback(lambda _: in_thread(self._reactor, self._file.save, parties))
        self._writing.addCallbacks(self._written, self._not_done)

    def _written(self, _: object) -> None:
        self.trouble = ""

    def _not_done(self, failure: Failure) -> None:
        if not failure.check(LanrageError):
            log.failure("the parties of late are not remembered", failure)
        elif str(failure.value) != self.trouble:
            log.warn("the parties of late are not remembered: {error}", error=str(failure.value))
        self.trouble = str(failure.value)


def _without_time(parties: tuple[RecentParty, ...]) -> tuple[tuple[str, str, str, str, tuple[str, ...]], ...]:
    """Who was where; who comes and goes changes the order of names, which is no news."""
    return tuple((p.party_id, p.name, p.server, p.me, tuple(sorted(p.members))) for p in parties)
