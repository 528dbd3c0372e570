"""How a node tells others of games (``docs/games-effects.rst``)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lanrage.app.config import NodeConfig
from lanrage.app.game_announcer import GameAnnouncer
from lanrage.app.metering import Metering
from lanrage.app.party_life import PartyLife
from lanrage.core.notices import Notice, NoticeKind


class GameAnnouncingNode:
    """Part of :class:`lanrage.app.node.NodeService`."""

    metering: Metering | None
    _config: NodeConfig
    _life: PartyLife | None
    _reactor: Any

    def announcer(self) -> GameAnnouncer:
        """Tells those who want to hear of games, as the setting ``games.announce`` is at each game."""
        return GameAnnouncer(self._reactor, self._say_of_games, self._party_name, lambda: self._config.announce)

    def _say_of_games(self) -> Callable[[str], None] | None:
        if self.metering is None or not self.metering.notices.wanted(NoticeKind.GAME):
            return None
        notices = self.metering.notices
        return lambda text: notices.tell(Notice.of(NoticeKind.GAME, text))

    def _party_name(self) -> str | None:
        replica = self._life.replica if self._life is not None else None
        return replica.ledger.name if replica is not None and replica.ledger is not None else None
