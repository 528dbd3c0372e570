"""A node's WebSocket to the relay at its control server's port (``docs/protocol-relay.rst``)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, cast

from autobahn.twisted.websocket import WebSocketClientFactory, WebSocketClientProtocol
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.defer import TimeoutError as DeferredTimeout
from twisted.internet.error import ConnectError, ConnectionClosed, DNSLookupError, UserError
from twisted.internet.interfaces import IReactorTime

from lanrage.core.links import Endpoint
from lanrage.errors import DecodeError, LanrageError, Unreachable
from lanrage.net.control_client import Dialling, parse_address
from lanrage.net.http_answers import how_refused
from lanrage.net.paced import Paced, make_prompt
from lanrage.net.tls_client import ServerCheck, tls_failure
from lanrage.net.websocket import ClockTimer, QuietLog, configure, is_endless, stop_timers
from lanrage.wire.relay_channels import Closed, Heard, RelayChannels
from lanrage.wire.relay_tcp import FRAME_LIMIT, SUBPROTOCOL

OPEN_TIMEOUT = 5.0
"""Seconds from the first packet to the open WebSocket."""
ALIVE_INTERVAL = 4.0
"""Seconds between pings, and until one that is not answered ends the connection: a game waits for what follows."""


class RelaySession(WebSocketClientProtocol):  # type: ignore[misc]
    """One connection; made by :class:`RelaySessionFactory`.

    :ivar channels: those that are open in it.
    :ivar paced: what waits to be sent.
    """

    factory: RelaySessionFactory
    paced: Paced
    log = QuietLog()

    def __init__(self) -> None:
        super().__init__()
        self.channels = RelayChannels()
        self._error: LanrageError | None = None

    def connectionMade(self) -> None:
        """TCP and TLS stand."""
        self.paced = Paced(self.factory.clock, self._write, self.close)
        make_prompt(self.transport)
        super().connectionMade()

    def send(self, datagram: bytes, relay: Endpoint) -> None:
        """Send a datagram to a port of a relay, as soon as TCP takes it, or not at all."""
        for channel, frame in self.channels.send(datagram, relay):
            self.paced.send(channel, frame)

    def retain(self, relays: Collection[Endpoint]) -> None:
        """Give back all ports but these."""
        for relay in self.channels.relays - set(relays):
            for channel, frame in self.channels.close(relay):
                self.paced.send(channel, frame)

    def close(self) -> None:
        """End the connection now."""
        self.transport.abortConnection()

    @property
    def local(self) -> str:
        """This machine's address in the connection."""
        return str(getattr(self.transport.getHost(), "host", ""))

    @property
    def remote(self) -> str:
        """The server's address in the connection."""
        return str(getattr(self.transport.getPeer(), "host", ""))

    def dataReceived(self, data: bytes) -> None:
        """Bytes from the server; what does not come to the end of an HTTP answer is no server of ours."""
        if self._error is not None:
            return
        try:
            if is_endless(self, data):
                raise DecodeError("its HTTP answer has no end")
            super().dataReceived(data)
        except (DecodeError, UnicodeDecodeError):  # Autobahn reads an HTTP answer as UTF-8
            self._fail(DecodeError("what answers there speaks no WebSocket"))

    def onConnect(self, response: Any) -> None:
        """The server took the subprotocol, or knows none such."""
        if response.protocol != SUBPROTOCOL:
            self._fail(Unreachable("the control server offers no relay over TCP"))

    def onOpen(self) -> None:
        """The WebSocket stands."""
        if self._error is None:
            self.registerProducer(self.paced, True)
            self.factory.ready.callback(self)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        """One frame; a bad one ends the connection."""
        if self._error is not None:
            return
        try:
            if not isBinary:
                raise DecodeError("the server sent text")
            heard = self.channels.receive(bytes(payload))
        except DecodeError as error:
            self._fail(error)
            return
        if heard is not None:
            self.factory.heard(heard)

    def connectionLost(self, reason: Any = None) -> None:
        """The TCP connection is gone."""
        self._error = self._error or tls_failure(reason, "the control server")
        super().connectionLost(reason)
        stop_timers(self)
        self.paced.stopProducing()
        why = self._error or Unreachable(f"the control server {how_refused(self)}")
        if self.factory.ready.called:
            self.factory.ended.callback(str(why))
        else:
            self.factory.ready.errback(why)

    def _write(self, frame: bytes) -> None:
        if self.state == self.STATE_OPEN:
            self.sendMessage(frame, True)

    def _fail(self, error: LanrageError) -> None:
        self._error = error
        self.close()


class RelaySessionFactory(WebSocketClientFactory):  # type: ignore[misc]
    """Makes one :class:`RelaySession`.

    :param heard: called with what comes from relays.
    :ivar ready: fires with the session once the WebSocket stands, or fails with a :class:`LanrageError`.
    :ivar ended: fires with the reason when one that stood is gone.
    """

    protocol = RelaySession
    noisy = False

    def __init__(self, clock: IReactorTime, address: str, heard: Callable[[Heard | Closed], None], scheme: str) -> None:
        super().__init__(f"{scheme}://{address}/", protocols=[SUBPROTOCOL], useragent="lanrage", reactor=clock)
        configure(self, ClockTimer(clock), limit=FRAME_LIMIT, open_timeout=OPEN_TIMEOUT)
        self.setProtocolOptions(
            serverConnectionDropTimeout=0, autoPingInterval=ALIVE_INTERVAL, autoPingTimeout=ALIVE_INTERVAL
        )
        self.clock, self.heard = clock, heard
        self.ready: Deferred[RelaySession] = Deferred()
        self.ended: Deferred[str] = Deferred()


async def dial(
    reactor: Any, address: str, pin: bytes | None, heard: Callable[[Heard | Closed], None], how: Dialling | None = None
) -> RelaySession:
    """Connect to a control server's port and ask for the relay there; its certificate is judged as at the login.

    :param address: ``host:port`` at which the control link stands.
    :param pin: fingerprint of the server's key.
    :raises LanrageError: why there is no connection.
    """
    host, port = parse_address(address)
    check = ServerCheck(host, pin, f"the control server at {address}", lambda key: None)
    factory = RelaySessionFactory(reactor, address, heard, "ws" if check.plain else "wss")
    endpoint = (how or Dialling()).endpoint(reactor, host, port, check)
    try:
        session = cast(RelaySession, await endpoint.connect(factory).addTimeout(OPEN_TIMEOUT, reactor))
    except (ConnectError, ConnectionClosed, DNSLookupError, UserError, DeferredTimeout, OSError) as error:
        raise Unreachable(f"the control server at {address} cannot be reached: {error}") from error
    try:
        return await factory.ready.addTimeout(OPEN_TIMEOUT, reactor)
    except DeferredTimeout as error:
        session.close()
        raise Unreachable(f"the control server at {address} opened no WebSocket") from error
    except CancelledError:
        session.close()
        raise
