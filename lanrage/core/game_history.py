"""Which games were played here, and when: the last :data:`HISTORY_LIMIT` starts with their ends; pure."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from lanrage.core.game_detection import GameChange, GameEnded, GameStarted, Method

HISTORY_LIMIT = 200
"""Starts that are kept: a long weekend's."""


@attrs.frozen
class Played:
    """One time that a game ran.

    :param method: how it was noticed, at its best.
    :param since: seconds since the epoch.
    :param until: ``None``: it runs, or its end was not seen since the node crashed before.
    """

    game: str
    name: str
    method: Method
    confidence: float
    since: float
    until: float | None = None


class GameHistory:
    """The list, the oldest first.

    :param before: from an earlier run.
    """

    def __init__(self, before: Iterable[Played] = ()) -> None:
        self._played = list(before)[-HISTORY_LIMIT:]
        self._open: dict[str, int] = {}

    @property
    def played(self) -> tuple[Played, ...]:
        """All that is kept."""
        return tuple(self._played)

    @property
    def running(self) -> frozenset[str]:
        """Games whose start was noted in this run, and whose end was not."""
        return frozenset(self._open)

    def note(self, change: GameChange) -> bool:
        """Take a change down; whether it is one that belongs here."""
        running = change.running
        if isinstance(change, GameStarted):
            best = running.best
            entry = Played(running.game, running.name, best.method, best.confidence, running.since)
            self._open[running.game] = len(self._played)
            self._played.append(entry)
            self._shorten()
            return True
        at = self._open.get(running.game)
        if at is None:
            return False
        entry = self._played[at]
        if isinstance(change, GameEnded):
            del self._open[running.game]
            self._played[at] = attrs.evolve(entry, until=max(change.at, entry.since))
            return True
        best = running.best
        if best.confidence <= entry.confidence:
            return False
        self._played[at] = attrs.evolve(entry, method=best.method, confidence=best.confidence)
        return True

    def _shorten(self) -> None:
        over = len(self._played) - HISTORY_LIMIT
        if over > 0:
            del self._played[:over]
            self._open = {game: at - over for game, at in self._open.items() if at >= over}
