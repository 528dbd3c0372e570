"""The part of a fake node that keeps invitations which were taken elsewhere."""

from __future__ import annotations

from typing import Any

import msgspec

from lanrage.app.caller import Caller
from lanrage.app.operations_offers import LinkKept, OfferShown, OffersShown

LINK = "lanrage://play.example.org:7766/join#LR1-" + "QUJD" * 30
OFFER = OfferShown("ab" * 16, "play.example.org:7766", LINK, 571.5)


class FakeOffers:
    """One invitation waits.

    :ivar no_offer: none does.
    """

    no_offer = False

    def _enter(self, *call: Any) -> None:
        raise NotImplementedError

    async def keep_link(self, *, link: str, caller: Caller) -> dict[str, Any]:
        """See :class:`INode`."""
        self._enter("keep_link", link, caller.user)
        plain: dict[str, Any] = msgspec.to_builtins(LinkKept("ab" * 16, 600.0))
        return plain

    async def show_offers(self, *, caller: Caller) -> dict[str, Any]:
        """See :class:`INode`."""
        self._enter("show_offers", caller.user)
        plain: dict[str, Any] = msgspec.to_builtins(OffersShown([] if self.no_offer else [OFFER]))
        return plain
