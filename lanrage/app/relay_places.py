"""The relays that the control server names: where each is, once its name has an address."""

from __future__ import annotations

import socket
from collections.abc import Callable, Container
from ipaddress import ip_address
from typing import Any

import attrs
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from lanrage.core import relay_registry
from lanrage.core.links import Endpoint
from lanrage.core.relay_choice import Relay
from lanrage.net.threads import in_thread
from lanrage.wire.control import RelayInfo

RESOLVE_RETRY = 20.0
"""Seconds until a relay's name, which had no address, is looked up again: a network that comes up late is common."""


@attrs.define(eq=False)
class Place:
    """One relay.

    :ivar host: its address; empty while its name has none.
    """

    info: RelayInfo
    relay_id: str
    host: str = ""
    resolving: Deferred[Any] | None = None
    again: IDelayedCall | None = None

    @property
    def address(self) -> str:
        """For people."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host or self.info.host}:{self.info.first}-{self.info.last}"

    def same_place(self, info: RelayInfo) -> bool:
        """Whether it is at this address and these ports."""
        return (self.info.host, self.info.first, self.info.last) == (info.host, info.first, info.last)

    @property
    def relay(self) -> Relay:
        """As the choice sees it."""
        return Relay(self.relay_id, self.info.region, self.info.load, self.info.draining)

    @property
    def gauge(self) -> Endpoint:
        """The port at which the distance is measured: the last, which is bound last."""
        return Endpoint(self.host, self.info.last)

    def covers(self, endpoint: Endpoint) -> bool:
        """Whether packets from there are this relay's."""
        return endpoint.host == self.host and self.info.first <= endpoint.port <= self.info.last

    def free_port(self, taken: Container[Endpoint]) -> Endpoint | None:
        """A port that is not taken by us."""
        ports = (Endpoint(self.host, port) for port in range(self.info.first, self.info.last + 1))
        return next((port for port in ports if port not in taken), None)

    def stop(self) -> None:
        """Look nothing up any more."""
        if self.resolving is not None:
            self.resolving.cancel()
        if self.again is not None and self.again.active():
            self.again.cancel()
        self.resolving = self.again = None


class RelayPlaces:
    """All of them.

    :param found: called when a name got its address.
    """

    log = Logger()

    def __init__(self, reactor: Any, found: Callable[[], None]) -> None:
        self._reactor = reactor
        self._found = found
        self._places: dict[str, Place] = {}

    def use(self, relays: tuple[RelayInfo, ...]) -> None:
        """These from now on."""
        before, self._places = self._places, {}
        for info in relays:
            relay_id = info.id or relay_registry.relay_id(relay_registry.Place(info.host, info.first, info.last))
            place = before.get(relay_id)
            if place is None or not place.same_place(info):
                place = Place(info, relay_id)
            else:
                del before[relay_id]
            place.info = info
            self._places[relay_id] = place
        for gone in before.values():
            gone.stop()
        for place in self._places.values():
            if not place.host and place.resolving is None and place.again is None:
                self._locate(place)

    def get(self, relay_id: str) -> Place | None:
        """The relay of a name, once its address is known."""
        place = self._places.get(relay_id)
        return place if place is not None and place.host else None

    def all(self) -> list[Place]:
        """Those whose address is known, in the control server's order."""
        return [place for place in self._places.values() if place.host]

    def covers(self, endpoint: Endpoint) -> bool:
        """Whether packets from there are a relay's."""
        return any(place.host and place.covers(endpoint) for place in self._places.values())

    def stop(self) -> None:
        """Look nothing up any more."""
        for place in self._places.values():
            place.stop()

    # --- within -------------------------------------------------------------------------------------------------------

    def _locate(self, place: Place) -> None:
        place.again = None
        if _is_address(place.info.host):
            place.host = place.info.host
            return
        place.resolving = resolving = in_thread(self._reactor, socket.gethostbyname, place.info.host)
        resolving.addCallback(self._located, place).addErrback(self._unlocated, place)

    def _located(self, host: str, place: Place) -> None:
        place.resolving, place.host = None, host
        self._found()

    def _unlocated(self, failure: Any, place: Place) -> None:
        place.resolving = None
        if failure.check(CancelledError):
            return
        if failure.check(OSError, UnicodeError):
            name, why = place.info.host, failure.getErrorMessage()
            self.log.warn("the relay {name} has no address: {why}", name=name, why=why)
        else:
            self.log.failure("the relay cannot be used", failure)
        place.again = self._reactor.callLater(RESOLVE_RETRY, self._locate, place)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
