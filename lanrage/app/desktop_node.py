"""What a node does for who sits before it: notifications, parties of late, ready checks, who lags."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import msgspec

from lanrage.app import quality_view, ready_view
from lanrage.app.config import NodeConfig
from lanrage.app.desktop_desk import DesktopDesk
from lanrage.app.desktop_results import LagShown, LagsShown, PairLagShown, RecentParties, RecentShown
from lanrage.app.games_plane import GamesPlane
from lanrage.app.link_offers import LinkOffer, LinkOffers
from lanrage.app.links import Links
from lanrage.app.party_life import PartyLife
from lanrage.app.party_news import PartyNews, party_seen
from lanrage.app.recent_parties import RecentParties as RecentKeeper
from lanrage.core.desktop_notes import Note
from lanrage.core.notices import NoticeKind
from lanrage.core.party_events import PartyEvent
from lanrage.core.ready_check import Word
from lanrage.core.recent_parties import RecentParty
from lanrage.errors import Refused
from lanrage.store.recent_parties import RecentPartiesFile


class DesktopNode:
    """Part of :class:`lanrage.app.node.NodeService`.

    :ivar desktop: tells the agents of events: a part of the role, beside the node, as `recent` is.
    :ivar recent: remembers parties.
    """

    games: GamesPlane
    news: PartyNews
    offers: LinkOffers
    desktop: DesktopDesk
    recent: RecentKeeper
    _config: NodeConfig
    _life: PartyLife | None
    _reactor: Any
    _now: Callable[[], float]

    def _own(self) -> PartyLife:
        raise AssertionError("given by the node")

    def _links(self) -> Links:
        raise AssertionError("given by the node")

    def make_desktop(self, reactor: Any, config: NodeConfig, games: GamesPlane) -> None:
        """Make the parts, and join them to what happens; not started yet."""
        self.desktop = DesktopDesk(reactor, games.agents, lambda: self._config.desktop.events, self._identity)
        self.recent = RecentKeeper(reactor, RecentPartiesFile(config.state_dir), self._seen_now)
        self.news.listen(self.desktop.happened)
        self.offers.listen(self._offered)
        ready = games.side.ready
        ready.me, ready.governs = lambda: self._identity() or b"", self._governs
        ready.present, ready.told = self._present, self._ready_news
        games.side.clocks.wall = self._now

    # --- what is so ---------------------------------------------------------------------------------------------------

    def _identity(self) -> bytes | None:
        return self._life.keys.identity.public if self._life is not None else None

    def _governs(self, identity: bytes) -> bool:
        replica = self._life.replica if self._life is not None else None
        return replica is not None and replica.ledger is not None and replica.ledger.governs(identity)

    def _present(self) -> frozenset[bytes]:
        seen = party_seen(self._life)
        return frozenset(who for who, each in seen.members.items() if each.online) if seen is not None else frozenset()

    def _seen_now(self) -> RecentParty | None:
        life, seen = self._life, party_seen(self._life)
        if life is None or life.saved is None or seen is None or not life.saved.addresses:
            return None
        there = tuple(each.name for who, each in seen.members.items() if each.online and who != self._identity())
        now = self._now()
        return RecentParty(seen.party_id, seen.name, life.saved.addresses[0], life.saved.my_name, now, now, there)

    def _ready_news(self, identity: bytes, words: str) -> None:
        """Something happened in a ready check."""
        seen = party_seen(self._life)
        if seen is not None and identity in seen.members:
            name = seen.members[identity].name
            self.news.tell(PartyEvent(NoticeKind.READY, seen.name, name, identity, words=words))

    def _offered(self, offer: LinkOffer) -> None:
        lines = (f"A party at {offer.code.addresses[0]} invites you.", "To join it: lanrage party offers")
        self.desktop.show(offer.user, Note("LANrage", lines))

    # --- operations ---------------------------------------------------------------------------------------------------

    async def recent_parties(self) -> dict[str, Any]:
        """See :meth:`INode.recent_parties`."""
        self.recent.look()
        saved = self._life.saved if self._life is not None and not self._life.away else None
        here = saved.party_id if saved is not None else ""
        rows = [
            RecentShown(**(attrs.asdict(each) | {"members": list(each.members)}), now=each.party_id == here)
            for each in self.recent.parties
        ]
        return _plain(RecentParties(rows, self.recent.trouble))

    async def ready_check(self) -> dict[str, Any]:
        """See :meth:`INode.ready_check`."""
        self._own().current()
        self.games.side.ready.ask()
        return self._ready_shown()

    async def answer_ready(self, *, ready: bool) -> dict[str, Any]:
        """See :meth:`INode.answer_ready`."""
        self._own().current()
        self.games.side.ready.answer(Word.READY if ready else Word.NOT_READY)
        return self._ready_shown()

    def _ready_shown(self) -> dict[str, Any]:
        shown = ready_view.shown(self._own())
        if shown is None:
            raise Refused("not_asked", "no ready check runs")
        return _plain(shown)

    async def show_lags(self) -> dict[str, Any]:
        """See :meth:`INode.show_lags`."""
        await self._links().look()
        life = self._own()
        _, replica, _ = life.current()
        judged = quality_view.lags(life)
        rows = [
            LagShown(each.name, each.score, str(each.grade) if each.grade is not None else None, each.felt, each.reason)
            for each in judged.members
        ]
        pairs = [PairLagShown(each.a, each.b, round(each.score, 1), each.reason) for each in judged.pairs]
        return _plain(LagsShown(replica.party_id, judged.who, judged.headline, rows, judged.view, pairs))


def _plain(value: msgspec.Struct) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(value)
    return plain
