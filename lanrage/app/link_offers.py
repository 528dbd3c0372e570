"""Invitations that a user took somewhere else, in Discord say, and that wait for the user's word here.

Nothing is joined by them: a link that a web page or a stranger's client put into the session is no wish of the user's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
from twisted.logger import Logger

from lanrage.core.code import InvitationCode

LASTING = 600.0
"""Seconds for which an invitation waits."""
USERS_LIMIT = 16
"""Users with a waiting invitation, the newest of each alone."""

log = Logger()


@attrs.frozen
class LinkOffer:
    """One that waits.

    :param user: number of the user who took it.
    :param until: seconds, by the reactor's clock.
    """

    user: int
    code: InvitationCode
    until: float


class LinkOffers:
    """Of one node's users; a node is in one party, so one invitation of each user waits."""

    def __init__(self, clock: Any) -> None:
        self._clock = clock
        self._offers: dict[int, LinkOffer] = {}
        self._listeners: list[Callable[[LinkOffer], None]] = []

    def take(self, user: int, link: str) -> LinkOffer:
        """Keep it, in place of one that this user took before.

        :raises BadInput: field ``code``: it is no invitation.
        """
        code = InvitationCode.decode(link)
        self._offers.pop(user, None)
        while len(self._offers) >= USERS_LIMIT:
            del self._offers[next(iter(self._offers))]
        self._offers[user] = offer = LinkOffer(user, code, self._clock.seconds() + LASTING)
        log.info("user {user} took an invitation, and is asked for a word", user=user, party_id=code.party_id)
        for call in tuple(self._listeners):
            call(offer)
        return offer

    def of(self, user: int) -> LinkOffer | None:
        """The one that waits for this user's word."""
        offer = self._offers.get(user)
        if offer is not None and self._clock.seconds() >= offer.until:
            del self._offers[user]
            return None
        return offer

    def listen(self, call: Callable[[LinkOffer], None]) -> None:
        """Call with each that comes from now on, so that the user is asked."""
        self._listeners.append(call)
