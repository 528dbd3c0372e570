"""What a node does about games, wired in one place (``docs/games.rst``)."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lanrage.app.game_effects import GameEffects
from lanrage.app.game_fixed_ports import FixedPorts
from lanrage.app.game_presence import GamePresence
from lanrage.app.game_profiles import GameProfiles
from lanrage.app.game_session import PlaySide
from lanrage.core.play_ports import PlayPorts


class GamesPlane:
    """The parts that notice games and act on them.

    :param folder: the state folder.
    :param random: ``os.urandom``, or a test's own.
    :ivar profiles: what is known of each game.
    :ivar side: what running games change here, and what members play.
    """

    def __init__(
        self, reactor: Any, folder: Path, profiles: GameProfiles, random: Callable[[int], bytes] = os.urandom
    ) -> None:
        del folder  # for the parts that follow
        # profiles
        self.profiles = profiles
        self._fixed_ports = FixedPorts(self.profiles)
        # effects, presence
        self.side = PlaySide.make(reactor, random)

    @property
    def effects(self) -> GameEffects:
        """What running games change here."""
        return self.side.effects

    @property
    def presence(self) -> GamePresence:
        """What members play."""
        return self.side.presence

    async def start(self, ports: PlayPorts) -> None:
        """Load the profiles, then start the parts in their order.

        :param ports: those in play, of which the firewall asks.
        """
        await self.profiles.start()
        self._fixed_ports.start(ports)

    async def stop(self) -> None:
        """Stop the parts, the last first."""
        self.side.stop()
        self._fixed_ports.stop()
        self.profiles.stop()
