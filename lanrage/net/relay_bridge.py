"""Relay over WebSocket at the control server: each connection is given UDP sockets of its own towards the relays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Protocol

from autobahn.websocket.types import ConnectionDeny
from twisted.internet.error import CannotListenError, MessageLengthError
from twisted.internet.interfaces import IDelayedCall, IListeningPort
from twisted.internet.protocol import DatagramProtocol

from lanrage.core.guests import Guests
from lanrage.core.links import Endpoint
from lanrage.errors import DecodeError
from lanrage.net.paced import Paced, make_prompt
from lanrage.net.relay_targets import RelayTargets, stand_in
from lanrage.wire.relay_bridge import Bridge
from lanrage.wire.relay_tcp import DATAGRAM_LIMIT, FRAME_LIMIT, SUBPROTOCOL

IDLE_TIMEOUT = 15.0
"""Seconds without a binding at any relay after which a connection has nothing to do here."""


class GuestConnection(Protocol):
    """What a bridge needs of a WebSocket: :class:`lanrage.net.control_session.ServerConnection`."""

    STATE_OPEN: int
    state: int
    origin: str
    lean_limit: int
    transport: Any

    def sendMessage(self, payload: bytes, isBinary: bool = False) -> None:
        """Send one message."""

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Who is told to pause."""

    def cut(self) -> None:
        """End the connection now."""

    def watched(self) -> None:
        """The end of the connection is nothing to report."""


class RelayBridges:
    """All relay connections of a control server.

    :param reactor: listens on UDP and keeps time.
    :param refused: told of each connection that is ended by us: reason, connection, sentence.
    :ivar dropped: datagrams that were not passed on, by reason.
    """

    def __init__(self, reactor: Any, targets: RelayTargets, refused: Callable[[str, Any, str], None]) -> None:
        self.reactor, self.targets, self.refused = reactor, targets, refused
        self.guests = Guests()
        self.dropped: Counter[str] = Counter()

    def enter(self, connection: GuestConnection) -> Guest | None:
        """A connection asks for the relay; ``None`` when there are too many."""
        if self.guests.enter(connection.origin):
            return Guest(self, connection)
        self.refused("relay_limit", connection, "too many relay connections")
        return None

    def facts(self) -> dict[str, int]:
        """Connections now, and what was dropped, for status."""
        return {"connections": self.guests.count, **self.dropped}


class RelaySocket(DatagramProtocol):
    """A UDP socket of one connection."""

    noisy = False

    def __init__(self, heard: Callable[[bytes, Endpoint], None]) -> None:
        self._heard = heard

    def datagramReceived(self, datagram: bytes, addr: tuple[str, int]) -> None:
        """One datagram from anybody."""
        self._heard(datagram, Endpoint(addr[0], addr[1]))


class Guest:
    """One relay connection.

    The relay's limits count by host, so a relay on this machine is spoken to from a loopback address that stands for
    the client's host; one elsewhere counts all that come this way as one.
    """

    def __init__(self, bridges: RelayBridges, connection: GuestConnection) -> None:
        self._bridges, self._connection = bridges, connection
        self._origin = connection.origin
        self._here: dict[Endpoint, bool] = {}
        self._bridge = Bridge(self._find, bridges.dropped)
        self._paced = Paced(bridges.reactor, self._write, partial(self._end, "stalled", "does not read"))
        self._sockets: dict[bool, IListeningPort] = {}
        self._idle: IDelayedCall | None = None
        self._ended = False

    def opened(self) -> None:
        """The WebSocket stands."""
        self._connection.lean_limit = FRAME_LIMIT
        make_prompt(self._connection.transport)
        self._connection.registerProducer(self._paced, True)
        self._watch()

    def received(self, payload: bytes, binary: bool) -> None:
        """A message of the client."""
        if self._ended:
            return
        try:
            if not binary:
                raise DecodeError("a frame is a binary message")
            step = self._bridge.frame(payload, self._bridges.reactor.seconds())
        except DecodeError as error:
            self._end("bad_input", str(error))
            return
        if step.to is not None:
            self._pass_on(step.datagram, step.to)
        if step.answer:
            self._paced.send(0, step.answer)

    def lost(self) -> None:
        """The connection is gone."""
        if self._idle is not None and self._idle.active():
            self._idle.cancel()
        self._ended = True
        self._bridges.dropped["late"] += self._paced.queue.dropped
        self._paced.stopProducing()
        for port in self._sockets.values():
            port.stopListening()
        self._bridges.guests.leave(self._origin)

    # --- within -------------------------------------------------------------------------------------------------------

    def _find(self, host: str, port: int) -> Endpoint | None:
        own = getattr(self._connection.transport.getHost(), "host", "")
        target = self._bridges.targets.find(host, port, str(own))
        if target is None:
            return None
        self._here[target.endpoint] = target.here
        return target.endpoint

    def _pass_on(self, datagram: bytes, to: Endpoint) -> None:
        here = self._here[to]
        try:
            if here not in self._sockets:
                source = stand_in(self._origin) if here else ""
                ear = RelaySocket(self._heard)
                # One byte more than fits, so that a longer datagram is seen to be one.
                listen = self._bridges.reactor.listenUDP
                self._sockets[here] = listen(0, ear, source, maxPacketSize=DATAGRAM_LIMIT + 1)
            self._sockets[here].write(datagram, (to.host, to.port))  # type: ignore[attr-defined]
        except (OSError, CannotListenError, MessageLengthError):
            self._bridges.dropped["unsent"] += 1

    def _heard(self, datagram: bytes, source: Endpoint) -> None:
        found = self._bridge.heard(datagram, source, self._bridges.reactor.seconds())
        if found is not None:
            self._paced.send(*found)

    def _write(self, frame: bytes) -> None:
        if self._connection.state == self._connection.STATE_OPEN:
            self._connection.sendMessage(frame, True)

    def _watch(self) -> None:
        self._idle = self._bridges.reactor.callLater(IDLE_TIMEOUT, self._look)

    def _look(self) -> None:
        if self._bridge.bound(self._bridges.reactor.seconds()):
            self._watch()
        else:
            self._end("idle", "has no binding at a relay")

    def _end(self, reason: str, sentence: str) -> None:
        if not self._ended:
            self._ended = True
            self._bridges.refused(reason, self._connection, sentence)
            self._connection.cut()


def take_in(bridges: RelayBridges | None, connection: GuestConnection, offered: Iterable[str]) -> Guest | None:
    """The guest that a WebSocket request asks to be; ``None`` when it asks for something else.

    :param bridges: ``None`` = no relay is served here.
    :param offered: the request's subprotocols.
    :raises ConnectionDeny: there are too many.
    """
    if bridges is None or SUBPROTOCOL not in offered:
        return None
    guest = bridges.enter(connection)
    if guest is None:
        connection.watched()
        raise ConnectionDeny(429, "refused")
    return guest
