"""Reading WireGuard's state, again and again: reads never overlap, and one that fails for a while is told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from lanrage.errors import LanrageError
from lanrage.log_context import context

STATUS_INTERVAL = 1.0
"""Seconds between reads of WireGuard's state."""
LOST_AFTER = 2.0
"""Seconds of failing reads until the device counts as gone: one alone may be a busy machine's."""


class StatusWatch:
    """Reads from :meth:`start` to :meth:`stop`.

    :param read: one read.
    :param lost: called once with a sentence when reads have failed for :data:`LOST_AFTER`.
    """

    log = Logger()

    def __init__(self, clock: IReactorTime, read: Callable[[], Awaitable[None]], lost: Callable[[str], None]) -> None:
        self._clock = clock
        self._read = read
        self._tell_lost = lost
        self._blind_since: float | None = None
        self._lost = False
        self._stopped = False
        self._soon: list[IDelayedCall] = []
        self._checking: Deferred[None] | None = None
        self._again = False
        self._loop = LoopingCall(self._check)
        self._loop.clock = clock

    def start(self) -> None:
        """Read each second from now on."""
        self._loop.start(STATUS_INTERVAL, now=False)

    async def stop(self) -> None:
        """Read no more; one that is under way ends first."""
        self._stopped = True
        if self._loop.running:
            self._loop.stop()
        for call in self._soon:
            if call.active():
                call.cancel()
        self._soon.clear()
        if self._checking is not None:
            await self._checking

    def check_soon(self, delay: float) -> None:
        """Read after `delay` seconds."""
        self._soon = [call for call in self._soon if call.active()]
        if not self._stopped:
            with context(peer_id=""):  # one look is for all links
                self._soon.append(self._clock.callLater(delay, self._check))

    async def look(self) -> None:
        """Read now."""
        try:
            await self._read()
        except LanrageError as error:
            self._blinded(error)
        else:
            self._blind_since = None

    def _check(self) -> None:
        """One read at a time; one asked for meanwhile follows."""
        if self._checking is not None:
            self._again = True
            return
        checking = Deferred.fromCoroutine(self.look())
        checking.addErrback(lambda failure: self.log.failure("WireGuard's state cannot be read", failure))
        self._checking = checking
        checking.addBoth(self._checked)

    def _checked(self, _result: object) -> None:
        self._checking = None
        if self._again:
            self._again = False
            self.check_soon(0)

    def _blinded(self, error: LanrageError) -> None:
        now = self._clock.seconds()
        if self._blind_since is None:
            self._blind_since = now
            self.log.warn("WireGuard's state cannot be read: {error}", error=str(error))
        elif now - self._blind_since >= LOST_AFTER and not self._lost and not self._stopped:
            self._lost = True
            self._tell_lost(str(error))
