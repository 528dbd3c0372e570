"""Games bound to a real address get the answers that go to the party address (``docs/protocol-lan.rst``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from ipaddress import IPv4Address
from typing import Protocol

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from lanrage.core.bound_rules import UdpSocket
from lanrage.core.lan_frames import PartyLan, Udp
from lanrage.core.translations import MAX_PLACES, needs_translation
from lanrage.errors import LanrageError

# Protocols have methods without a body.
# pylint: disable=missing-function-docstring,too-few-public-methods

KEEP_SECONDS = 1.0
"""How soon after its socket a translation ends; and how long a port without need of one is not asked about again."""

MOST_LOOKS = 64
"""Ports asked about in that time; a question takes some 80 us."""

log = Logger()


class PortSockets(Protocol):
    """Tells which sockets are bound to a port: :class:`lanrage.net.udp_sockets.UdpSockets`."""

    def on_port(self, port: int) -> list[UdpSocket]: ...


class Table(Protocol):
    """The rules beside the plane: :class:`lanrage.net.lan_table.LanTable`."""

    def open(self) -> None: ...

    def translate(self, places: Mapping[int, IPv4Address]) -> Deferred[None]: ...

    def close(self) -> Deferred[None]: ...


@attrs.define(eq=False)
class Translations:
    """A part of the plane: sees games' datagrams on real cards, and keeps a translation while its socket lives.

    :param party: this member's party address.
    :param tunnel_index: the tunnel's interface index.
    """

    clock: IReactorTime
    party: IPv4Address
    tunnel_index: Callable[[], int]
    sockets: PortSockets
    table: Table
    places: dict[int, IPv4Address] = attrs.field(factory=dict, init=False)
    """Real addresses by port."""

    _asked: set[int] = attrs.field(factory=set, init=False)
    _heard_by: tuple[int, int] = attrs.field(default=(0, 0), init=False)
    _blind: bool = attrs.field(default=False, init=False)
    _call: LoopingCall | None = attrs.field(default=None, init=False)

    def start(self) -> None:
        """Keep what is there from now on."""
        self._heard_by = (0, self.tunnel_index())
        self.table.open()
        self._call = LoopingCall(self.keep)
        self._call.clock = self.clock
        self._call.start(KEEP_SECONDS, now=False).addErrback(lambda fail: log.failure("keeping ended", fail))

    def stop(self) -> Deferred[None]:
        """Take all back."""
        if self._call is not None and self._call.running:
            self._call.stop()
        self._call = None
        self.places.clear()
        return self.table.close()

    def set_members(self, lan: PartyLan) -> None:
        """Members do not matter here."""

    def counters(self) -> dict[str, int]:
        """How many there are now."""
        return {"sockets_translated": len(self.places)}

    def look_at(self, datagram: Udp) -> Deferred[None] | None:
        """A game sent this on a real card; if it is bound to its source address, answers are to find it.

        :return: fires when they do; ``None`` where nothing is to be done, as while it is stopped.
        """
        if self._call is None:
            return None
        port, real = datagram.source_port, datagram.source
        if not isinstance(real, IPv4Address) or port in self.places or port in self._asked:
            return None
        if len(self._asked) >= MOST_LOOKS or len(self.places) >= MAX_PLACES:
            return None
        self._asked.add(port)
        if not self._needed(port, real):
            return None
        self.places[port] = real
        log.info("a game on {real} gets answers to port {port}", real=str(real), port=port)
        return self.table.translate(self.places)

    def keep(self) -> None:
        """End the translations whose sockets are gone, or need none any more."""
        self._asked.clear()
        ended = [port for port, real in self.places.items() if not self._needed(port, real)]
        for port in ended:
            del self.places[port]
        if ended:
            self.table.translate(self.places)

    def _needed(self, port: int, real: IPv4Address) -> bool:
        try:
            found = self.sockets.on_port(port)
        except LanrageError as error:
            if not self._blind:
                log.warn("games that are bound to a real address get no answers: {error}", error=str(error))
            self._blind = True
            return False
        self._blind = False
        return needs_translation(found, real, self.party, self._heard_by)
