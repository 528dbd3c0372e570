"""What a node does about games, wired in one place (``docs/games.rst``)."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lanrage.app.agent_desk import AgentDesk
from lanrage.app.agent_mods import asking
from lanrage.app.game_announcer import GameAnnouncer
from lanrage.app.game_detection import GameDetection
from lanrage.app.game_effects import GameEffects
from lanrage.app.game_fixed_ports import FixedPorts
from lanrage.app.game_mods_own import OwnModLists
from lanrage.app.game_presence import GamePresence
from lanrage.app.game_profiles import GameProfiles
from lanrage.app.game_session import PlaySide
from lanrage.app.game_watch import GameWatch
from lanrage.app.games_config import DEFAULTS, GamesSettings
from lanrage.app.server_keeping import ServerKeeping, hosted_by
from lanrage.app.server_parts import make_browser
from lanrage.core.play_ports import PlayPorts


class GamesPlane:
    """The parts that notice games and act on them.

    :param folder: the state folder.
    :param random: ``os.urandom``, or a test's own.
    :ivar profiles: what is known of each game.
    :ivar watch: tells which games run.
    :ivar detection: lets it run: a part of the role, beside the node.
    :ivar agents: of the users' sessions, which tell their windows.
    :ivar side: what running games change here, and what members play.
    :ivar browser: the party's game servers.
    :ivar servers: the same, with what the user keeps of them.
    """

    def __init__(
        self,
        reactor: Any,
        folder: Path,
        profiles: GameProfiles,
        settings: GamesSettings = DEFAULTS,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        # profiles
        self.profiles = profiles
        self._fixed_ports = FixedPorts(self.profiles)
        # watch
        self.watch = GameWatch(reactor, self.profiles.all, settings)
        self.detection = GameDetection(reactor, folder, self.watch)
        self.profiles.on_change(self.watch.profiles_changed)
        self.agents = AgentDesk(reactor, self.watch.put_windows)
        # effects, presence
        self.side = PlaySide.make(reactor, random, OwnModLists.make(reactor, asking(self.agents)))
        self.watch.on_mode = self.side.watching
        self._announcer: GameAnnouncer | None = None
        # browser
        self.browser = make_browser(reactor, self.profiles)
        self.servers = ServerKeeping(reactor, folder, self.browser)
        self.browser.hosted = hosted_by(self.presence)
        self.presence.listen(self.browser.hosting_changed)

    @property
    def effects(self) -> GameEffects:
        """What running games change here."""
        return self.side.effects

    @property
    def presence(self) -> GamePresence:
        """What members play."""
        return self.side.presence

    async def start(self, ports: PlayPorts, announcer: GameAnnouncer | None = None) -> None:
        """Load the profiles, then start the parts in their order.

        :param ports: those in play, of which the firewall asks.
        :param announcer: tells others of games.
        """
        await self.profiles.start()
        self._fixed_ports.start(ports)
        self.watch.profiles_changed()
        self.side.follow(self.watch, self.profiles, ports)
        self._announcer = announcer
        if announcer is not None:
            announcer.follow(self.watch)
        await self.servers.start()

    async def use(self, folder: Path, settings: GamesSettings) -> None:
        """Go by another folder of the user's own profiles, and other settings, from now on."""
        await self.profiles.use(folder)
        await self.watch.use(settings)

    async def stop(self) -> None:
        """Stop the parts, the last first."""
        await self.servers.stop()
        if self._announcer is not None:
            self._announcer.stop()
        self.side.stop()
        self._fixed_ports.stop()
        self.profiles.stop()
