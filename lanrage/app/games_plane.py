"""What a node does about games, wired in one place (``docs/games.rst``)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lanrage.app.agent_desk import AgentDesk
from lanrage.app.game_profiles import GameProfiles


class GamesPlane:
    """The parts that notice games and act on them.

    :param folder: the state folder.
    :ivar profiles: what is known of each game.
    :ivar agents: of the users' sessions.
    """

    def __init__(self, reactor: Any, folder: Path) -> None:
        # profiles
        self.profiles = GameProfiles(reactor, folder / "games")
        # agents
        self.agents = AgentDesk(lambda windows: None)

    async def start(self) -> None:
        """Load the profiles, then start the parts in their order."""
        await self.profiles.start()

    async def stop(self) -> None:
        """Stop the parts, the last first."""
        self.profiles.stop()
