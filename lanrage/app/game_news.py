"""Tells of games that begin, change and end: to the log, to counters, and to who listens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

import attrs
from twisted.logger import Logger

from lanrage.app.game_listens import roots_of
from lanrage.app.game_looks import WatchCounters
from lanrage.core.game_detection import GameChange, GameEnded, GameStarted


@attrs.define(eq=False)
class GameNews:
    """What is told to whom.

    :param counters: of the watch; detections are counted there.
    :param pids_came: called when a game has processes to look at that had none before.
    """

    log = Logger()

    counters: WatchCounters
    pids_came: Callable[[], None]
    _listeners: list[Callable[[GameChange], None]] = attrs.field(factory=list)

    def listen(self, call: Callable[[GameChange], None]) -> Callable[[], None]:
        """Call `call` with each change from now on; the result ends that."""
        self._listeners.append(call)

        def stop() -> None:
            with suppress(ValueError):
                self._listeners.remove(call)

        return stop

    def tell(self, changes: Sequence[GameChange]) -> None:
        """Tell of each to all; a listener that fails keeps nothing from the others."""
        for change in changes:
            self._note(change)
            for call in tuple(self._listeners):
                try:
                    call(change)
                except Exception:  # one that fails keeps nothing from others  # pylint: disable=broad-exception-caught
                    self.log.failure("a listener to games failed")

    def _note(self, change: GameChange) -> None:
        running = change.running
        if isinstance(change, GameEnded):
            self.log.info("{game} has ended", game=running.name, seconds=round(change.at - running.since))
            return
        before = frozenset[int]()
        if isinstance(change, GameStarted):
            best = running.best
            self.counters.detections[best.method.value] += 1
            self.log.info("{game} runs: {reason}", game=running.name, reason=best.reason, pid=best.pid)
        else:
            before = roots_of(change.before)
        if roots_of(running) and not before:
            self.pids_came()
