"""What a node does about games, wired in one place (``docs/games.rst``)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lanrage.app.game_fixed_ports import FixedPorts
from lanrage.app.game_profiles import GameProfiles
from lanrage.core.play_ports import PlayPorts


class GamesPlane:
    """The parts that notice games and act on them.

    :param folder: the state folder.
    :ivar profiles: what is known of each game.
    """

    def __init__(self, reactor: Any, folder: Path, profiles: GameProfiles) -> None:
        del reactor, folder  # for the parts that follow
        # profiles
        self.profiles = profiles
        self._fixed_ports = FixedPorts(self.profiles)

    async def start(self, ports: PlayPorts) -> None:
        """Load the profiles, then start the parts in their order.

        :param ports: those in play, of which the firewall asks.
        """
        await self.profiles.start()
        self._fixed_ports.start(ports)

    async def stop(self) -> None:
        """Stop the parts, the last first."""
        self._fixed_ports.stop()
        self.profiles.stop()
