"""Connections of the gateway for browsers: who has a place, and who gives one up (``docs/web-api.rst``). Pure.

A connection is a stranger's until it shows a token that counts. Strangers have few places and those who are logged in
have others, so that nobody without a login can take a place from somebody with one; among themselves both give way
to users who have fewer (:func:`lanrage.core.fair_shares.gives_way`).
"""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter

import attrs

from lanrage.core.fair_shares import gives_way

GRACE_SECONDS = 3.0
"""Seconds that a stranger keeps a place that another one wants: a page of ours is loaded in less."""


@attrs.frozen
class PlaceLimits:
    """How many there may be at once.

    :param strangers: without a login: a browser opens six to load the page.
    :param users: of all who are logged in.
    :param of_user: of one user: two browsers with six each, and a WebSocket for each of a dozen tabs.
    """

    strangers: int = 16
    users: int = 64
    of_user: int = 24


DEFAULT_LIMITS = PlaceLimits()


@attrs.define(eq=False)
class Place:
    """A connection.

    :param peer: number of the user whose program opened it, as the kernel says; ``None`` where it does not.
    :param since: when it was opened.
    :ivar user: number of the user whose token it showed.
    """

    peer: int | None
    since: float
    user: int | None = None


@attrs.frozen
class Found:
    """What became of a wish for a place.

    :param place: it; ``None``: there is none.
    :param ended: whose connection must be cut for it; its place is gone already.
    """

    place: Place | None
    ended: Place | None = None


class WebPlaces:
    """All connections. Times are seconds of one clock that never goes back."""

    def __init__(self, limits: PlaceLimits = DEFAULT_LIMITS) -> None:
        self._limits = limits
        self._held: dict[Place, None] = {}

    def __len__(self) -> int:
        """Connections."""
        return len(self._held)

    def __iter__(self) -> Iterator[Place]:
        """All, those of strangers in the order in which they came."""
        return iter(self._held)

    def come(self, peer: int | None, now: float) -> Found:
        """Somebody connected: where strangers have no place left, whoever has most of them gives one up; else the
        oldest, of the same user where there is one, once it is older than :data:`GRACE_SECONDS`.
        """
        strangers = [each for each in self._held if each.user is None]
        ending = None
        if len(strangers) >= self._limits.strangers:
            ending = gives_way(strangers, attrgetter("peer"), peer) or _oldest(strangers, peer, now)
            if ending is None:
                return Found(None)
            self.leave(ending)
        place = Place(peer, now)
        self._held[place] = None
        return Found(place, ending)

    def log_in(self, place: Place, user: int) -> Found:
        """A connection showed the token of a user. One that finds no place among the users' stays a stranger's."""
        if place.user == user:
            return Found(place)
        held = [each for each in self._held if each.user is not None and each is not place]
        if sum(each.user == user for each in held) >= self._limits.of_user:
            return Found(None)
        ending = None
        if len(held) >= self._limits.users:
            ending = gives_way(held, attrgetter("user"), user)
            if ending is None:
                return Found(None)
            self.leave(ending)
        self._held.pop(place, None)
        place.user = user
        self._held[place] = None
        return Found(place, ending)

    def leave(self, place: Place) -> None:
        """A connection is gone; one that was cut before is no error."""
        self._held.pop(place, None)


def _oldest(strangers: list[Place], peer: int | None, now: float) -> Place | None:
    own = next((each for each in strangers if each.peer == peer), strangers[0])
    return own if now - own.since >= GRACE_SECONDS else None
