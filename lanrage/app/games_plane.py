"""What a node does about games, wired in one place (``docs/games.rst``)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lanrage.app.game_profiles import GameProfiles
from lanrage.app.server_keeping import ServerKeeping
from lanrage.app.server_parts import make_browser


class GamesPlane:
    """The parts that notice games and act on them.

    :param folder: the state folder.
    :ivar profiles: what is known of each game.
    :ivar browser: the party's game servers.
    :ivar servers: the same, with what the user keeps of them.
    """

    def __init__(self, reactor: Any, folder: Path) -> None:
        # profiles
        self.profiles = GameProfiles(reactor, folder / "games")
        # browser
        self.browser = make_browser(reactor, self.profiles)
        self.servers = ServerKeeping(reactor, folder, self.browser)

    async def start(self) -> None:
        """Load the profiles, then start the parts in their order."""
        await self.profiles.start()
        await self.servers.start()

    async def stop(self) -> None:
        """Stop the parts, the last first."""
        await self.servers.stop()
        self.profiles.stop()
