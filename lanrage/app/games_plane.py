"""What a node does about games, wired in one place (``docs/games.rst``)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lanrage.app.game_fixed_ports import FixedPorts
from lanrage.app.game_profiles import GameProfiles
from lanrage.app.server_keeping import ServerKeeping
from lanrage.app.server_parts import make_browser
from lanrage.core.play_ports import PlayPorts


class GamesPlane:
    """The parts that notice games and act on them.

    :param folder: the state folder.
    :ivar profiles: what is known of each game.
    :ivar browser: the party's game servers.
    :ivar servers: the same, with what the user keeps of them.
    """

    def __init__(self, reactor: Any, folder: Path, profiles: GameProfiles) -> None:
        # profiles
        self.profiles = profiles
        self._fixed_ports = FixedPorts(self.profiles)
        # browser
        self.browser = make_browser(reactor, self.profiles)
        self.servers = ServerKeeping(reactor, folder, self.browser)

    async def start(self, ports: PlayPorts) -> None:
        """Load the profiles, then start the parts in their order.

        :param ports: those in play, of which the firewall asks.
        """
        await self.profiles.start()
        self._fixed_ports.start(ports)
        await self.servers.start()

    async def stop(self) -> None:
        """Stop the parts, the last first."""
        await self.servers.stop()
        self._fixed_ports.stop()
        self.profiles.stop()
