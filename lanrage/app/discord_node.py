"""What a node does about Discord, and the invitations that come by it, as one part of it."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

import msgspec

from lanrage.app.caller import Caller
from lanrage.app.config import NodeConfig
from lanrage.app.discord_config import DiscordSettings
from lanrage.app.discord_desk import DiscordDesk, Sight
from lanrage.app.games_plane import GamesPlane
from lanrage.app.link_offers import LinkOffers
from lanrage.app.operations_offers import LinkKept, OfferShown, OffersShown
from lanrage.app.party_life import PartyLife
from lanrage.app.party_news import party_seen


class DiscordNode:
    """Part of :class:`lanrage.app.node.NodeService`.

    :ivar discord: tells the agents what is to be shown: a part of the role, beside the node.
    :ivar offers: invitations that wait for their users' word.
    """

    games: GamesPlane
    discord: DiscordDesk
    offers: LinkOffers
    _config: NodeConfig
    _life: PartyLife | None
    _reactor: Any

    def invite(self, *, expires_hours: float, uses: int | None, spoken: bool = False) -> Awaitable[dict[str, Any]]:
        """See :meth:`INode.invite`."""
        raise AssertionError("given by the node")

    def make_discord(self, reactor: Any, games: GamesPlane) -> None:
        """Make both parts; not started yet."""
        self.offers = LinkOffers(reactor)
        self.discord = DiscordDesk(reactor, games.agents, self._shown_as, self._sight, self._invite_friends)

    def _shown_as(self) -> DiscordSettings:
        return self._config.discord

    def _sight(self) -> Sight:
        return seen(self._life, self.games)

    async def _invite_friends(self, uses: int, hours: float) -> str:
        invited = await self.invite(expires_hours=hours, uses=uses)
        return str(invited["code"])

    async def keep_link(self, *, link: str, caller: Caller) -> dict[str, Any]:
        """See :meth:`IOffersNode.keep_link`."""
        self.games.agents.check_agent(caller)
        offer = self.offers.take(caller.user, link)
        return _plain(LinkKept(offer.code.party_id, round(offer.until - self._reactor.seconds(), 1)))

    async def show_offers(self, *, caller: Caller) -> dict[str, Any]:
        """See :meth:`IOffersNode.show_offers`."""
        offer = self.offers.of(caller.user)
        if offer is None:
            return _plain(OffersShown([]))
        lasts, code = round(offer.until - self._reactor.seconds(), 1), offer.code
        return _plain(OffersShown([OfferShown(code.party_id, code.addresses[0], code.link(), lasts)]))


def seen(life: PartyLife | None, games: GamesPlane) -> Sight:
    """What may be shown of a node now."""
    running, playing = games.watch.running(), games.presence.own
    party = party_seen(life)
    replica, link = (life.replica, life.link) if life is not None else (None, None)
    if party is None or replica is None or replica.ledger is None:
        return Sight(running, playing)
    me = life.keys.identity.public if life is not None else b""
    there = link is not None and link.client.connected
    limit = replica.ledger.charter.max_members
    return Sight(running, playing, party, limit, there and replica.ledger.governs(me))


def _plain(value: msgspec.Struct) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(value)
    return plain
