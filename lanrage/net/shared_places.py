"""A listening port whose connections are shared out by :class:`lanrage.core.web_places.WebPlaces`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IProtocolFactory
from twisted.logger import Logger
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.python.failure import Failure

from lanrage.core.rate import TokenBucket
from lanrage.core.web_places import Found, Place, WebPlaces
from lanrage.net.loopback_peer import user_of

WORDS_RATE, WORDS_BURST = 1 / 30, 5.0
"""Warnings a second, and at once: any user of the machine may cause them."""

log = Logger()

WhoIs = Callable[[Any, Any], int | None]
"""Which user is at the other end of a connection, by its two addresses."""


class PlacedConnection(ProtocolWrapper):
    """One connection, whatever protocol it is handed over to."""

    factory: SharedPlaces
    place: Place | None = None

    def makeConnection(self, transport: Any) -> None:
        """Twisted: somebody connected."""
        self.place = self.factory.come(self, transport)
        if self.place is None:
            transport.abortConnection()
            return
        super().makeConnection(transport)  # type: ignore[no-untyped-call]

    def dataReceived(self, data: bytes) -> None:
        """Twisted: bytes."""
        if self.place is not None:
            super().dataReceived(data)  # type: ignore[no-untyped-call]

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        """Twisted: it is gone."""
        if self.place is not None:
            self.factory.leave(self.place)
            super().connectionLost(reason)  # type: ignore[no-untyped-call]

    def log_in(self, user: int) -> bool:
        """It showed the token of a user; false: that user has no place left."""
        return self.place is not None and self.factory.log_in(self.place, user)


class SharedPlaces(WrappingFactory[PlacedConnection]):
    """Knows the connections of a port, and cuts those that have to give way.

    :param clock: reactor or a test's own.
    :param wrapped: makes their protocols.
    :param who_is: asks the kernel, or a test's own.
    """

    noisy = False
    protocol = PlacedConnection

    def __init__(self, clock: Any, wrapped: IProtocolFactory, places: WebPlaces, who_is: WhoIs = user_of) -> None:
        super().__init__(wrapped)  # type: ignore[no-untyped-call]
        self._clock, self._places, self._who_is = clock, places, who_is
        self._connections: dict[Place, PlacedConnection] = {}
        self._words = TokenBucket(WORDS_RATE, WORDS_BURST)
        self._unsaid = 0

    def come(self, connection: PlacedConnection, transport: Any) -> Place | None:
        """A place for a connection; ``None``: there is none."""
        peer = self._who_is(transport.getPeer(), transport.getHost())
        found = self._places.come(peer, self._clock.seconds())
        self._make_room(found)
        if found.place is not None:
            self._connections[found.place] = connection
        else:
            self._warn("a connection to the page found no place: user {user} is not logged in", peer)
        return found.place

    def log_in(self, place: Place, user: int) -> bool:
        """A connection showed a user's token."""
        found = self._places.log_in(place, user)
        self._make_room(found)
        if found.place is None:
            self._warn("user {user} has no place left for connections to the page", user)
        return found.place is not None

    def leave(self, place: Place) -> None:
        """A connection is gone."""
        self._places.leave(place)
        self._connections.pop(place, None)

    def _make_room(self, found: Found) -> None:
        if found.ended is not None:
            self._warn("a connection of user {user} to the page gave way", _whose(found.ended))
            self._connections[found.ended].abortConnection()

    def _warn(self, words: str, user: int | None) -> None:
        if self._words.take(self._clock.seconds()):
            log.warn(words + " ({unsaid} more were not told)", user=user, unsaid=self._unsaid)
            self._unsaid = 0
        else:
            self._unsaid += 1

    def abort(self) -> None:
        """End all connections now."""
        for connection in list(self._connections.values()):
            connection.abortConnection()


def _whose(place: Place) -> int | None:
    return place.peer if place.user is None else place.user
