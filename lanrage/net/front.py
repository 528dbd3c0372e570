"""The one port of a control server: TLS or plain HTTP by the first byte, and who may come in at all.

Plain HTTP is for this machine and for the proxies that are named; it is what a proxy that ends TLS speaks.
"""

from __future__ import annotations

from typing import Any, Protocol

from twisted.internet.interfaces import IDelayedCall, IReactorTime, ISSLTransport
from twisted.internet.protocol import Factory
from twisted.internet.protocol import Protocol as TwistedProtocol

from lanrage.core.admission import Admission
from lanrage.core.door_limits import DoorLimits
from lanrage.core.origins import Proxies, is_here, origin_of
from lanrage.net.http_answers import WANTS_TLS, http_answer
from lanrage.net.tls_server import TlsFactory, TlsSource

TLS_HANDSHAKE = 0x16
"""First byte of every TLS connection: a record of type handshake (RFC 8446, 5.1); no HTTP request begins with it."""
FIRST_BYTE_TIMEOUT = 5.0
"""Seconds for the first byte; they count towards the time that the login has, TLS included."""


class Inner(Protocol):
    """What the front needs of the factory of the channel: :class:`lanrage.net.control_server.ServerFactory`."""

    clock: IReactorTime
    admission: Admission

    def buildProtocol(self, addr: Any) -> Any:
        """A :class:`lanrage.net.control_session.ServerConnection`; ``None`` for a peer that is banned."""

    def refused(self, reason: str, peer: str | None, sentence: str) -> None:
        """Count a connection that is ended by us, and tell of it now and then."""


class Front(TwistedProtocol):
    """One TCP connection: waits for its first byte, then hands everything on.

    :ivar origin: what :class:`DoorLimits` counts it under.
    """

    factory: FrontFactory

    def __init__(self, host: str, origin: str) -> None:
        self.host = host
        self.origin = origin
        self._began = 0.0
        self._deadline: IDelayedCall | None = None
        self._target: Any = None
        self._connection: Any = None
        self._ended = False

    def connectionMade(self) -> None:
        """A TCP connection; it has 5 s to say what it speaks."""
        clock = self.factory.inner.clock
        self._began = clock.seconds()
        self._deadline = clock.callLater(FIRST_BYTE_TIMEOUT, self._late)

    def dataReceived(self, data: bytes) -> None:
        """The first bytes decide; all others are handed on."""
        if self._target is None and not self._ended:
            self._choose(data)
        if self._target is not None:
            self._target.dataReceived(data)

    def _choose(self, data: bytes) -> None:
        self._stop_deadline()
        secure = ISSLTransport.providedBy(self.transport)  # an endpoint such as ssl: has ended TLS already
        tls = data[0] == TLS_HANDSHAKE and not secure
        if not (tls or secure or is_here(self.host) or self.host in self.factory.proxies):
            self._refuse_plain(data)
            return
        inner = self.factory.inner
        assert self.transport is not None
        self._connection = connection = inner.buildProtocol(self.transport.getPeer())
        if connection is None:
            self.cut()
            return
        connection.waited, connection.gate = inner.clock.seconds() - self._began, self.gate
        self._target = self.factory.tls.wrap(connection) if tls else connection
        self._target.makeConnection(self.transport)

    def _refuse_plain(self, data: bytes) -> None:
        assert self.transport is not None
        self._ended = True
        self.factory.inner.refused("plain", self.host, "speaks no TLS")
        if 0x41 <= data[0] <= 0x5A:  # a capital letter: the method of an HTTP request, whose sender can read the answer
            self.transport.write(http_answer(400, WANTS_TLS))
        self.transport.loseConnection()

    def gate(self, headers: dict[str, str]) -> int:
        """Called with the HTTP headers of a WebSocket request: a proxy of ours says there whom it speaks for.

        :returns: HTTP status that refuses the request, or 0.
        """
        factory = self.factory
        if self.host not in factory.proxies:
            return 0
        client = factory.proxies.client(self.host, headers.get("x-forwarded-for", ""))
        origin = origin_of(client)
        if factory.inner.admission.is_banned(origin):
            factory.inner.refused("server_ban", client, "its address is banned")
            return 403
        refused = factory.limits.move(self.origin, origin, factory.inner.clock.seconds())
        if refused:
            factory.inner.refused(refused, client, "too many connections")
            return 429
        self.origin = origin
        self._connection.known_as(origin)
        return 0

    def _late(self) -> None:
        self._deadline = None
        self.factory.inner.refused("late", self.host, "said nothing")
        self.cut()

    def cut(self) -> None:
        """End the connection now."""
        self._ended = True
        transport: Any = self.transport
        transport.abortConnection()

    def _stop_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = None

    def connectionLost(self, reason: Any = None) -> None:
        """The connection is gone."""
        self._ended = True
        self._stop_deadline()
        self.factory.forget(self)
        target, self._target, self._connection = self._target, None, None
        if target is not None:
            target.connectionLost(reason)


class FrontFactory(Factory):
    """Makes a :class:`Front` for each connection that is let in.

    :param inner: makes the channel's connections.
    :param source: certificate for new handshakes.
    :param proxies: believed about their clients, and allowed plain HTTP.
    :ivar fronts: all connections.
    """

    noisy = False

    def __init__(self, inner: Inner, source: TlsSource, limits: DoorLimits, proxies: Proxies) -> None:
        self.inner, self.limits, self.proxies = inner, limits, proxies
        self.tls = TlsFactory(source, inner.clock)
        self.fronts: set[Front] = set()

    def buildProtocol(self, addr: Any) -> Any:
        """A connection; none for a host that is banned, has too many, or makes too many."""
        host = str(getattr(addr, "host", ""))
        # A proxy speaks for many: whom it counts for is known once its request has come.
        origin = "" if host in self.proxies else origin_of(host)
        if self.inner.admission.is_banned(origin):
            self.inner.refused("server_ban", host, "its address is banned")
            return None
        refused = self.limits.enter(origin, self.inner.clock.seconds())
        if refused:
            self.inner.refused(refused, host, "too many connections")
            return None
        front = Front(host, origin)
        front.factory = self
        self.fronts.add(front)
        return front

    def forget(self, front: Front) -> None:
        """A connection ended."""
        if front in self.fronts:
            self.fronts.discard(front)
            self.limits.leave(front.origin)

    def cut(self) -> None:
        """End all connections that have said nothing yet."""
        for front in [front for front in self.fronts if front._target is None]:
            front.cut()
