"""The operations on running games, as one part of the node."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from lanrage.app.game_detection_results import GamesDetected, GamesPlayed, PlayedShown, RunningShown, SignShown
from lanrage.app.games_plane import GamesPlane
from lanrage.app.metrics_of_games import games as readings
from lanrage.core.game_detection import RunningGame
from lanrage.core.game_search import find_game
from lanrage.core.metric_reading import Reading


class GameDetectionNode:
    """Part of :class:`lanrage.app.node.NodeService`."""

    games: GamesPlane

    async def detect_games(self) -> dict[str, Any]:
        """See :meth:`INode.detect_games`."""
        return self._detected()

    async def games_history(self, limit: int) -> dict[str, Any]:
        """See :meth:`INode.games_history`."""
        history = self.games.detection.chronicle.history
        open_now = {at for at, each in enumerate(history.played) if each.until is None and each.game in history.running}
        last = list(enumerate(history.played))[-limit:]
        shown = [
            PlayedShown(
                each.game, each.name, each.method.value, each.confidence, each.since, each.until, at in open_now
            )
            for at, each in reversed(last)
        ]
        return _plain(GamesPlayed(shown))

    async def play_game(self, game: str, stop: bool) -> dict[str, Any]:
        """See :meth:`INode.play_game`."""
        known = find_game(self.games.profiles.all(), game).game
        if stop:
            self.games.watch.stop_play(known)
        else:
            self.games.watch.play(known)
        return self._detected()

    def readings_of_games(self) -> Iterable[Reading]:
        """The detection of games."""
        return readings(self.games.watch)

    def _detected(self) -> dict[str, Any]:
        watch, counters = self.games.watch, self.games.watch.counters
        return _plain(
            GamesDetected(
                watch.mode,
                watch.trouble if watch.mode == "polling" else "",
                watch.settings.poll,
                len(watch.index.profiles),
                [_running(each) for each in watch.running()],
                counters.execs,
                counters.dismissed,
                counters.rescans,
            )
        )


def _running(game: RunningGame) -> RunningShown:
    signs = [SignShown(each.method.value, each.confidence, each.reason, each.pid) for each in game.results]
    best = game.best
    return RunningShown(
        game.game,
        game.name,
        best.confidence,
        best.method.value,
        signs,
        sorted(game.pids),
        [str(span) for span in game.listens],
        game.since,
    )


def _plain(value: msgspec.Struct) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(value)
    return plain
