"""What a node knows of its party's events, as one part of it (``docs/notifications.rst``)."""

from __future__ import annotations

from lanrage.app.party_life import PartyLife
from lanrage.app.party_news import PartyNews, PartySight


class NewsNode:
    """Part of :class:`lanrage.app.node.NodeService`.

    :ivar news: a part of the role, beside the node.
    """

    news: PartyNews
    _life: PartyLife | None

    def make_news(self, clock: object) -> PartyNews:
        """What watches the party; not started yet."""
        return PartyNews(clock, PartySight(lambda: self._life))
