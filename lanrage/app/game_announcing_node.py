"""How a node tells its webhook of games (``docs/games-effects.rst``)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lanrage.app.config import NodeConfig
from lanrage.app.game_announcer import GameAnnouncer
from lanrage.app.metering import Metering
from lanrage.app.party_life import PartyLife


class GameAnnouncingNode:
    """Part of :class:`lanrage.app.node.NodeService`."""

    metering: Metering | None
    _config: NodeConfig
    _life: PartyLife | None
    _reactor: Any

    def announcer(self) -> GameAnnouncer:
        """Tells the webhook of alerts, as the setting ``games.announce`` is at each game."""
        return GameAnnouncer(self._reactor, self._say_to_webhook, self._party_name, lambda: self._config.announce)

    def _say_to_webhook(self) -> Callable[[str], None] | None:
        return self.metering.alerts.say if self.metering is not None else None

    def _party_name(self) -> str | None:
        replica = self._life.replica if self._life is not None else None
        return replica.ledger.name if replica is not None and replica.ledger is not None else None
