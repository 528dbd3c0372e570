"""What a node does about games, wired in one place (``docs/games.rst``)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lanrage.app.game_detection import GameDetection
from lanrage.app.game_fixed_ports import FixedPorts
from lanrage.app.game_profiles import GameProfiles
from lanrage.app.game_watch import GameWatch
from lanrage.app.games_config import DEFAULTS, GamesSettings
from lanrage.core.play_ports import PlayPorts


class GamesPlane:
    """The parts that notice games and act on them.

    :param folder: the state folder.
    :ivar profiles: what is known of each game.
    :ivar watch: tells which games run.
    :ivar detection: lets it run: a part of the role, beside the node.
    """

    def __init__(self, reactor: Any, folder: Path, profiles: GameProfiles, settings: GamesSettings = DEFAULTS) -> None:
        # profiles
        self.profiles = profiles
        self._fixed_ports = FixedPorts(self.profiles)
        # watch
        self.watch = GameWatch(reactor, self.profiles.all, settings)
        self.detection = GameDetection(reactor, folder, self.watch)
        self.profiles.on_change(self.watch.profiles_changed)

    async def start(self, ports: PlayPorts) -> None:
        """Load the profiles, then start the parts in their order.

        :param ports: those in play, of which the firewall asks.
        """
        await self.profiles.start()
        self._fixed_ports.start(ports)
        self.watch.profiles_changed()

    async def use(self, folder: Path, settings: GamesSettings) -> None:
        """Go by another folder of the user's own profiles, and other settings, from now on."""
        await self.profiles.use(folder)
        await self.watch.use(settings)

    async def stop(self) -> None:
        """Stop the parts, the last first."""
        self._fixed_ports.stop()
        self.profiles.stop()
