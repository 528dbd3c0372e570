"""The operations on games, as one part of the node."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lanrage.app.agent_node import AgentNode
from lanrage.app.config import NodeConfig
from lanrage.app.desktop_node import DesktopNode
from lanrage.app.discord_node import DiscordNode
from lanrage.app.game_announcing_node import GameAnnouncingNode
from lanrage.app.game_detection_node import GameDetectionNode
from lanrage.app.game_mods_node import GameModsNode
from lanrage.app.game_profiles import GameProfiles
from lanrage.app.game_profiles_node import GameProfilesNode
from lanrage.app.games_plane import GamesPlane
from lanrage.app.news_node import NewsNode
from lanrage.app.server_keeping import browsed
from lanrage.app.servers_node import ServersNode


class GamesNode(
    GameProfilesNode,
    GameDetectionNode,
    GameAnnouncingNode,
    GameModsNode,
    ServersNode,
    AgentNode,
    NewsNode,
    DiscordNode,
    DesktopNode,
):
    """Part of :class:`lanrage.app.node.NodeService`."""

    def room_networks(self) -> frozenset[int]:
        """See :meth:`lanrage.app.room_node.RoomNode.room_networks`."""
        raise AssertionError("given by the node")

    def make_games(
        self, reactor: Any, config: NodeConfig, known: GameProfiles, random: Callable[[int], bytes]
    ) -> GamesPlane:
        """What notices games and acts on them, not started yet; it asks the node for its party and rooms."""
        games = GamesPlane(reactor, config.state_dir, known, config.detection, random)
        games.watch.rooms = self.room_networks
        games.browser.party = lambda: browsed(self._life)
        self.news = self.make_news(reactor)
        self.make_discord(reactor, games)
        self.make_desktop(reactor, config, games)
        return games
