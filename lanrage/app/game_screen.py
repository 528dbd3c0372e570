"""Which games the windows of the users' sessions show: matched at once, and then at most each :data:`PAUSE` seconds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import attrs
from twisted.internet.interfaces import IDelayedCall

from lanrage.core.game_detection import DetectionResult
from lanrage.core.game_match import GameIndex
from lanrage.core.game_windows import WINDOWS_LIMIT, Window

PAUSE = 1.0
"""Seconds between two matchings: a program may change its title as often as it draws."""


@attrs.define(eq=False)
class GameScreen:
    """The windows, from :meth:`start` to :meth:`stop`; what was put before counts at the start.

    :param reactor: keeps time.
    :param index: the games of now.
    :param found: takes the signs of all windows.
    """

    reactor: Any
    index: Callable[[], GameIndex]
    found: Callable[[list[DetectionResult]], None]
    _windows: tuple[Window, ...] = ()
    _on: bool = False
    _due: IDelayedCall | None = None
    _last: float = float("-inf")

    def put(self, windows: Sequence[Window]) -> None:
        """These windows are there, and no others."""
        self._windows = tuple(windows[:WINDOWS_LIMIT])
        if not self._on or self._due is not None:
            return
        wait = self._last + PAUSE - self.reactor.seconds()
        if wait > 0:
            self._due = self.reactor.callLater(wait, self.match)
        else:
            self.match()

    def start(self) -> None:
        """Match from now on."""
        self._on = True
        self.match()

    def stop(self) -> None:
        """Match no more."""
        self._on = False
        self._cancel()

    def match(self) -> None:
        """Match now, as after a change of the games."""
        self._cancel()
        if not self._on:
            return
        self._last = self.reactor.seconds()
        index = self.index()
        self.found([result for window in self._windows if (result := index.window(window)) is not None])

    def _cancel(self) -> None:
        due, self._due = self._due, None
        if due is not None and due.active():
            due.cancel()
