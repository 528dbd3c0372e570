"""The detection of games as a part of a role that it can do without: its failure never stops a node."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, succeed

from lanrage.app.game_chronicle import GameChronicle
from lanrage.app.game_watch import GameWatch


class GameDetection(Service):
    """The watch with its history.

    :param folder: the state folder.
    :ivar started: fires when games are noticed.
    """

    def __init__(self, reactor: Any, folder: Path, watch: GameWatch) -> None:
        self.watch = watch
        self.chronicle = GameChronicle(reactor, folder)
        self.started: Deferred[None] = succeed(None)
        self._end: Callable[[], None] = lambda: None

    def startService(self) -> None:
        """Begin; :attr:`started` tells how it went."""
        super().startService()  # type: ignore[no-untyped-call]
        self.started = Deferred.fromCoroutine(self._start())

    async def _start(self) -> None:
        await self.chronicle.start()
        self._end()
        self._end = self.watch.listen(self.chronicle.note)
        await self.watch.start()

    def stopService(self) -> Deferred[None]:
        """End; the games that run have ended as far as this node is concerned."""
        super().stopService()  # type: ignore[no-untyped-call]
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        await self.watch.stop(for_good=True)
        self._end()
        self._end = lambda: None
        await self.chronicle.stop()
