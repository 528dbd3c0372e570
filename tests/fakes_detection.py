"""Running games of a node in memory."""

from __future__ import annotations

from typing import Any

import msgspec

from lanrage.app.game_detection_results import GamesDetected, GamesPlayed, PlayedShown, RunningShown, SignShown

SIGNS = [
    SignShown("process", 0.95, "the program openttd", 4711),
    SignShown("ports", 0.75, "its ports 3979/tcp, 3979/udp are open", None),
]
RUNNING = RunningShown(
    "openttd", "OpenTTD", 0.95, "process", SIGNS, [4711, 4712], ["3979/tcp", "3979/udp"], 1_700_000_000.0
)
SAID = RunningShown(
    "tag", "Tag", 1.0, "manual", [SignShown("manual", 1.0, "the user says so", None)], [], [], 1_700_000_100.0
)
PLAYED = [
    PlayedShown("openttd", "OpenTTD", "process", 0.95, 1_700_000_000.0, None, True),
    PlayedShown("tag", "Tag", "manual", 1.0, 1_600_000_000.0, 1_600_003_600.0, False),
    PlayedShown("tag", "Tag", "window", 0.8, 1_500_000_000.0, None, False),
]


class FakeDetection:
    """Part of the fake node.

    :ivar mode: how it says that it looks.
    """

    mode = "events"

    async def detect_games(self) -> dict[str, Any]:
        """See :meth:`INode.detect_games`."""
        return self._detected([RUNNING])

    async def games_history(self, limit: int) -> dict[str, Any]:
        """See :meth:`INode.games_history`."""
        plain: dict[str, Any] = msgspec.to_builtins(GamesPlayed(PLAYED[:limit]))
        return plain

    async def play_game(self, game: str, stop: bool) -> dict[str, Any]:
        """See :meth:`INode.play_game`."""
        assert game == "tag"
        return self._detected([] if stop else [SAID])

    def _detected(self, games: list[RunningShown]) -> dict[str, Any]:
        trouble = "the kernel does not tell of new processes here" if self.mode == "polling" else ""
        told = GamesDetected(self.mode, trouble, 5.0, 2, games, 120, 117, 1)
        plain: dict[str, Any] = msgspec.to_builtins(told)
        return plain
