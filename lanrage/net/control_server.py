"""The control server's side of the channel: one protocol a node, no policy (``docs/protocol-control.rst``).

Bytes that make no sense end the connection they came by, with a word where one can be sent, and nothing else.
"""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Callable
from ipaddress import ip_address, ip_network
from typing import Any, Protocol

from autobahn.twisted.websocket import WebSocketServerFactory
from autobahn.websocket.types import ConnectionDeny
from twisted.internet.interfaces import IDelayedCall, IPushProducer, IReactorTime
from twisted.logger import Logger
from zope.interface import implementer

from lanrage.core.identity import SigningKey
from lanrage.core.rate import TokenBucket
from lanrage.errors import LanrageError, VersionMismatch
from lanrage.net.lean_frames import LeanProtocol
from lanrage.net.lean_options import with_options
from lanrage.net.websocket import QuietLog, configure, is_endless, stop_timers
from lanrage.wire.control import (
    REQUEST_LIMIT,
    SUBPROTOCOL,
    VERSIONS,
    Accepted,
    Notice,
    RefusedReply,
    Reply,
    Request,
    decode,
    encode,
)
from lanrage.wire.control_opening import Denied
from lanrage.wire.login import TAG_BYTES, ServerLogin

LOGIN_TIMEOUT = 5.0
"""Seconds from the TCP connection to the end of the login; four messages over a slow mobile network take 2."""
CONNECTIONS_LIMIT = 20_000
"""Connections at once: the usual limit of file descriptors is set to more by the unit file."""
HOST_LIMIT = 256
"""Connections at once from one host (IPv6: one /64): a LAN party behind one address, and no more of what all share."""
OUT_LIMIT = 1024 * 1024
"""Bytes that wait for a slow client; then it is cut off, comes back, and asks for what it missed by revision."""
REQUEST_RATE = 50.0
REQUEST_BURST = 300.0
"""Requests a second and at once: joining a party of 64 takes a ticket and two signals for each member."""
EXCESS_LIMIT = 1000
"""Refused requests over the rate after which a connection is cut off."""

TELL_INTERVAL = 10.0
"""Seconds between two log lines about refused connections: strangers must not fill the disk."""

log = Logger()


class Desk(Protocol):
    """Who decides what connections may do: :class:`lanrage.app.control.ControlService`."""

    def accept(self, session: str) -> Accepted:
        """What a node is told at its login."""

    def opened(self, connection: ServerConnection) -> None:
        """A node is logged in, both keys proven."""

    def requested(self, connection: ServerConnection, request: Request) -> None:
        """A node that is logged in asks something."""

    def closed(self, connection: ServerConnection) -> None:
        """The connection of a node that was logged in ended."""


@implementer(IPushProducer)
class ServerConnection(LeanProtocol):
    """One connection; made by :class:`ServerFactory`.

    :ivar session: its name in logs on both sides.
    :ivar origin: what :data:`HOST_LIMIT` counts it under; empty = not counted.
    """

    factory: ServerFactory

    log = QuietLog()
    login: ServerLogin

    def __init__(self) -> None:
        super().__init__()
        self.session = ""
        self.origin = ""
        self._bucket = TokenBucket(REQUEST_RATE, REQUEST_BURST)
        self._excess = 0
        self._paused = False
        self._ending = False
        self._opened = False
        self._queue: deque[bytes] = deque()
        self._queued = 0
        self._deadline: IDelayedCall | None = None

    def connectionMade(self) -> None:
        """A TCP connection; it has 5 s to log in."""
        factory = self.factory
        self.session = factory.random(6).hex()
        self.login = ServerLogin(factory.key, factory.random, lambda: factory.desk.accept(self.session), VERSIONS)
        self._deadline = factory.clock.callLater(LOGIN_TIMEOUT, self._late)
        super().connectionMade()

    @property
    def identity(self) -> bytes:
        """Ed25519 key of the node, proven."""
        return self.login.identity

    # --- out ----------------------------------------------------------------------------------------------------------

    def send(self, message: Reply | Notice) -> None:
        """Send, or keep until the client has read what came before."""
        if self._ending or self.login.channel is None:
            return
        self._write(self.login.channel.seal(message))

    def deny(self, code: str, message: str) -> None:
        """Say why, and end the connection."""
        if self._ending:
            return
        if self.state != self.STATE_OPEN:
            self.cut()
            return
        denied = Denied(code, message)
        if code == "version_mismatch":
            denied = self.login.denial()
        if self.login.channel is None:
            self._write(encode(denied))
        else:
            self.send(Notice(denied))
        self._ending = True
        self.sendClose()

    def cut(self) -> None:
        """End the connection now."""
        self._ending = True
        self.transport.abortConnection()

    def _write(self, data: bytes) -> None:
        if self.state != self.STATE_OPEN:
            return
        if not self._paused:
            self.sendMessage(data, True)
            return
        self._queue.append(data)
        self._queued += len(data)
        if self._queued > OUT_LIMIT:
            self.factory.refused("slow", self.peer, "reads too slowly")
            self.cut()

    def pauseProducing(self) -> None:
        """The client does not read as fast as we write."""
        self._paused = True

    def resumeProducing(self) -> None:
        """The client has read what was written."""
        self._paused = False
        while self._queue and not self._paused and not self._ending:
            data = self._queue.popleft()
            self._queued -= len(data)
            self._write(data)

    def stopProducing(self) -> None:
        """The connection is gone."""
        self._ending = True

    # --- in -----------------------------------------------------------------------------------------------------------

    def dataReceived(self, data: bytes) -> None:
        """Bytes from the client; who does not come to the end of an HTTP request is cut off."""
        if self._ending and self.state == self.STATE_CONNECTING:
            return
        if is_endless(self, data):
            self.factory.refused("no login", self.peer, "its HTTP request has no end")
            self.cut()
            return
        super().dataReceived(data)

    def onConnect(self, request: Any) -> str:
        """Only our subprotocol is spoken here."""
        if SUBPROTOCOL not in request.protocols:
            raise ConnectionDeny(ConnectionDeny.BAD_REQUEST, f"this server speaks {SUBPROTOCOL}")
        return SUBPROTOCOL

    def onOpen(self) -> None:
        """The WebSocket stands; the client speaks first."""
        self.registerProducer(self, True)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        """Take one message; a bad one ends the connection."""
        if self._ending:
            return
        try:
            self._take(bytes(payload))
        except VersionMismatch as error:
            self.factory.refused("version_mismatch", self.peer, str(error))
            self.deny("version_mismatch", str(error))
        except LanrageError as error:
            self.factory.refused("bad_input", self.peer, str(error))
            self.deny("bad_input", str(error)[:300])
        except Exception:  # pylint: disable=broad-exception-caught  # a bug ends one connection, not the server
            log.failure("session {session} failed", session=self.session)
            self.cut()

    def _take(self, payload: bytes) -> None:
        if not self._opened:
            answer = self.login.receive(payload)
            if answer:
                self._write(answer)
            if self.login.done:
                self._log_in()
            return
        assert self.login.channel is not None
        request = decode(self.login.channel.open(payload), Request)
        if self._bucket.take(self.factory.clock.seconds()):
            self.factory.desk.requested(self, request)
            return
        self._excess += 1
        if self._excess > EXCESS_LIMIT:
            self.factory.refused("flood", self.peer, "asks too much")
            self.deny("limit", "too many requests")
        else:
            self.send(Reply(request.id, RefusedReply("limit", "too many requests: wait a second")))

    def _log_in(self) -> None:
        self._opened = True
        self._stop_deadline()
        self.factory.desk.opened(self)

    def _late(self) -> None:
        self._deadline = None
        self.factory.refused("late", self.peer, "did not log in in time")
        self.cut()

    def _stop_deadline(self) -> None:
        if self._deadline is not None and self._deadline.active():
            self._deadline.cancel()
        self._deadline = None

    def connectionLost(self, reason: Any = None) -> None:
        """The connection is gone."""
        self._stop_deadline()
        if not self._opened and not self._ending:
            self.factory.refused("no login", self.peer, "went away, or spoke no WebSocket")
        self._ending = True
        self._queue.clear()
        super().connectionLost(reason)
        stop_timers(self)
        self.factory.forget(self)
        if self._opened:
            self.factory.desk.closed(self)


class ServerFactory(WebSocketServerFactory):  # type: ignore[misc]
    """Makes a :class:`ServerConnection` for each node.

    :param key: the server's own.
    :param desk: decides.
    :ivar connections: all of them, logged in or not.
    :ivar ended: connections that are no more.
    :ivar refusals: connections that were ended by us, counted by reason.
    """

    protocol = ServerConnection
    noisy = False

    def __init__(
        self, clock: IReactorTime, key: SigningKey, desk: Desk, random: Callable[[int], bytes] = os.urandom
    ) -> None:
        super().__init__(protocols=[SUBPROTOCOL], server="lanrage", reactor=clock)
        configure(self, clock, limit=REQUEST_LIMIT + TAG_BYTES, open_timeout=LOGIN_TIMEOUT)
        self.setProtocolOptions(maxConnections=CONNECTIONS_LIMIT, webStatus=False)
        self.protocol = with_options(ServerConnection, self)
        self.clock, self.key, self.desk, self.random = clock, key, desk, random
        self.connections: set[ServerConnection] = set()
        self.ended = 0
        self.refusals: Counter[str] = Counter()
        self._hosts: Counter[str] = Counter()
        self._told = -TELL_INTERVAL

    def refused(self, reason: str, peer: str | None, sentence: str) -> None:
        """Count a connection that we end, and tell of it now and then."""
        self.refusals[reason] += 1
        now = self.clock.seconds()
        if now - self._told >= TELL_INTERVAL:
            self._told = now
            log.info(
                "{peer} was refused: {sentence}; refused so far: {refusals}",
                peer=peer,
                sentence=sentence,
                refusals=dict(self.refusals),
            )

    def buildProtocol(self, addr: Any) -> Any:
        """A connection that is known until it ends; none for a host that has too many."""
        origin = _origin(addr)
        if len(self.connections) >= CONNECTIONS_LIMIT or self._hosts.get(origin, 0) >= HOST_LIMIT:
            self.refused("limit", str(getattr(addr, "host", addr)), "too many connections")
            return None
        connection = super().buildProtocol(addr)
        connection.origin = origin
        if origin:
            self._hosts[origin] += 1
        self.connections.add(connection)
        return connection

    def forget(self, connection: ServerConnection) -> None:
        """A connection ended."""
        if connection in self.connections and connection.origin:
            self._hosts[connection.origin] -= 1
            if not self._hosts[connection.origin]:
                del self._hosts[connection.origin]
        self.connections.discard(connection)
        self.ended += 1


def _origin(addr: Any) -> str:
    """The host or IPv6 /64 that a connection comes from; empty for this machine: a TLS proxy speaks for many."""
    try:
        ip = ip_address(str(getattr(addr, "host", "")).partition("%")[0])
    except ValueError:
        return ""  # a UNIX socket
    ip = getattr(ip, "ipv4_mapped", None) or ip
    if ip.is_loopback:
        return ""
    return str(ip) if ip.version == 4 else str(ip_network((ip, 64), strict=False))
