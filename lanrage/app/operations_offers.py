"""The operations on invitations that were taken elsewhere, for the table in :mod:`lanrage.app.operations`."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from zope.interface import Interface

from lanrage.app.caller import Caller
from lanrage.app.operation import CODE_TEXT_LIMIT, Nothing, Operation, Request
from lanrage.app.results import Result

# Interface methods have no self and no body.
# pylint: disable=no-self-argument,no-method-argument


class HandLink(Request, frozen=True):
    """Arguments of ``agent.link``."""

    link: Annotated[str, Meta(min_length=1, max_length=CODE_TEXT_LIMIT, description="an invitation's link")]


class LinkKept(Result, frozen=True):
    """The invitation waits for the user's word."""

    party_id: str
    lasts_s: float


class OfferShown(msgspec.Struct, frozen=True):
    """An invitation that waits.

    :param server: of the party, for people to see.
    :param link: whoever has it can join: it is shown to the user who took it alone.
    :param lasts_s: for so long.
    """

    party_id: str
    server: str
    link: str
    lasts_s: float


class OffersShown(Result, frozen=True):
    """What waits for the caller's word."""

    offers: list[OfferShown]


class IOffersNode(Interface):
    """What a node does with such invitations; see :class:`lanrage.app.operations.INode`."""

    def keep_link(*, link: str, caller: Caller) -> Awaitable[dict[str, Any]]:
        """Keep an invitation that the user of the calling agent took; the result is a :class:`LinkKept`.

        :raises Refused: ``not_allowed``: the caller is no agent.
        :raises BadInput: field ``code``: it is no invitation.
        """

    def show_offers(*, caller: Caller) -> Awaitable[dict[str, Any]]:
        """What waits for the calling user's word; the result is an :class:`OffersShown`."""


OFFERS = (
    Operation(
        "agent.link",
        HandLink,
        LinkKept,
        "keep_link",
        "Keep an invitation that the user took in the session, in Discord say; nothing is joined by it.",
        "lanrage party offers",
        held=True,
        local=True,
    ),
    Operation(
        "party.offers",
        Nothing,
        OffersShown,
        "show_offers",
        "Show the invitation that you took elsewhere, in Discord say, and that waits for your word.",
        "lanrage party offers",
        held=True,
    ),
)
"""Invitations that wait."""
