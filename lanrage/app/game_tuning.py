"""Tunes one session's links as the running games want (``docs/games-effects.rst``)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Protocol

from twisted.internet.defer import Deferred, DeferredLock
from twisted.logger import Logger

from lanrage.app.game_effects import GameEffects
from lanrage.app.links import Links
from lanrage.app.peer_link import PeerLink
from lanrage.core.game_profile import TrafficClass
from lanrage.core.game_tuning import Marked
from lanrage.core.links import TUNNEL_MTU
from lanrage.errors import LanrageError
from lanrage.interfaces import ITunnel

# Protocols have methods without a body.
# pylint: disable=missing-function-docstring

log = Logger()


class Marks(Protocol):
    """Marks traffic: :class:`lanrage.net.game_marks.GameMarks`."""

    trouble: str

    def use(self, port: int, marks: tuple[Marked, ...], outer: TrafficClass | None) -> Awaitable[None]: ...

    def close(self) -> Awaitable[None]: ...


class NoMarks:
    """Marks nothing: the user does not want it."""

    trouble = ""

    async def use(self, port: int, marks: tuple[Marked, ...], outer: TrafficClass | None) -> None:
        """See :class:`Marks`."""

    async def close(self) -> None:
        """See :class:`Marks`."""


class GameTuning:
    """From :meth:`start` to :meth:`stop` of one session.

    :param port: WireGuard's own.
    :ivar mtu: of the tunnel now.
    """

    def __init__(self, effects: GameEffects, links: Links, tunnel: ITunnel, marks: Marks, port: int) -> None:
        self.mtu = self._asked = TUNNEL_MTU
        self.marks = marks
        self._effects, self._links, self._tunnel, self._port = effects, links, tunnel, port
        self._lock = DeferredLock()
        self._end: Callable[[], None] = lambda: None
        self._running = False

    @property
    def keepalive(self) -> int | None:
        """Seconds at most that the games want; ``None`` where none says."""
        return self._effects.tuning.keepalive if self._running else None

    def start(self) -> None:
        """Follow the games that run; those that do already count at once."""
        self._running = True
        usual = self._links.keepalive

        def keepalive(link: PeerLink) -> int:
            wanted = self.keepalive
            return usual(link) if wanted is None else min(usual(link), wanted)

        self._links.keepalive = keepalive
        self._end = self._effects.listen(self._apply)
        self._apply()

    def stop(self) -> Deferred[None]:
        """Leave all as it was."""
        self._running = False
        self._end()
        return self._run(self._close)

    def _apply(self) -> None:
        self._run(self._follow)

    def _run(self, work: Callable[[], Coroutine[Any, Any, None]]) -> Deferred[None]:
        done: Deferred[None] = self._lock.run(lambda: Deferred.fromCoroutine(work()))
        return done.addErrback(lambda failure: log.failure("links could not be tuned for games", failure))

    async def _follow(self) -> None:
        if not self._running:
            return
        tuning = self._effects.tuning
        self._links.check_soon(0.0)  # who reads WireGuard's state writes the keepalive that is due
        await self.marks.use(self._port, tuning.marks, tuning.outer)
        await self._set_mtu(tuning.mtu)

    async def _close(self) -> None:
        try:
            await self.marks.close()
        finally:
            await self._set_mtu(TUNNEL_MTU)

    async def _set_mtu(self, mtu: int) -> None:
        if mtu == self._asked:
            return
        try:
            self.mtu, self._asked = await self._tunnel.set_mtu(mtu), mtu
        except LanrageError as error:
            log.warn("the MTU of {device} stays: {error}", device=self._tunnel.name, error=str(error))
            return
        log.info("the MTU of {device} is {mtu}", device=self._tunnel.name, mtu=self.mtu)
