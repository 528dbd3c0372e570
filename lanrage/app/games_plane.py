"""What a node does about games, wired in one place (``docs/games.rst``)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from lanrage.app.game_detection import GameDetection
from lanrage.app.game_profiles import GameProfiles
from lanrage.app.game_watch import GameWatch
from lanrage.app.games_config import DEFAULTS, GamesSettings


class GamesPlane:
    """The parts that notice games and act on them.

    :param folder: the state folder.
    :param rooms: networks of ``lanrage run`` (their inodes).
    :ivar profiles: what is known of each game.
    :ivar watch: tells which games run.
    :ivar detection: lets it run: a part of the role, beside the node.
    """

    def __init__(
        self,
        reactor: Any,
        folder: Path,
        settings: GamesSettings = DEFAULTS,
        rooms: Callable[[], frozenset[int]] = frozenset,
    ) -> None:
        # profiles
        self.profiles = GameProfiles(reactor, folder / "games")
        # watch
        self.watch = GameWatch(reactor, self.profiles.all, settings, rooms=rooms)
        self.detection = GameDetection(reactor, folder, self.watch)
        self.profiles.on_change(self.watch.profiles_changed)

    async def start(self) -> None:
        """Load the profiles, then start the parts in their order."""
        await self.profiles.start()
        self.watch.profiles_changed()

    async def use(self, settings: GamesSettings) -> None:
        """Go by other settings from now on."""
        await self.watch.use(settings)

    async def stop(self) -> None:
        """Stop the parts, the last first."""
        self.profiles.stop()
