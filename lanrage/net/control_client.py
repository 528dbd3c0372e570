"""A node's standing link to its control server: dials, logs in, redials, asks and hears."""

from __future__ import annotations

import os
import random as _random
from collections.abc import Callable, Collection
from typing import Any, cast

import attrs
import msgspec
from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.defer import TimeoutError as DeferredTimeout
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.error import ConnectError, ConnectingCancelledError, ConnectionClosed, DNSLookupError, UserError
from twisted.internet.interfaces import IReactorTime, IStreamClientEndpoint
from twisted.logger import Logger

from lanrage.core.identity import NodeKeys, fingerprint
from lanrage.core.operation_ages import OperationAges
from lanrage.errors import ComeBack, LanrageError, Refused, Unreachable
from lanrage.log_context import get_context
from lanrage.net.control_connection import Connection, ConnectionFactory
from lanrage.net.tls_client import ServerCheck
from lanrage.net.websocket import PING_INTERVAL, PING_TIMEOUT
from lanrage.timing import timing_decorator
from lanrage.wire.control import Accepted, NoticeBody, RelayInfo, ReplyBody, RequestBody
from lanrage.wire.control_codec import SUBPROTOCOLS
from lanrage.wire.login import ClientLogin

CONNECT_TIMEOUT = 5.0
"""Seconds for one address to accept; a route that drops packets silently must not hold up the next address."""
LOGIN_TIMEOUT = 7.0
"""Seconds from the TCP connection to the end of the login: the server allows 5."""
REQUEST_TIMEOUT = 10.0
"""Seconds to wait for an answer, the wait for a connection included."""
FIRST_DELAY, LAST_DELAY = 1.0, 10.0
"""Seconds: the redial delay is drawn from 0 to a bound that doubles between these, so that thousands of nodes do not
come back in one instant (full jitter): a server takes about a thousand logins a second."""
DOUBLINGS = 10
"""More make no difference to the bound."""
STEADY = 5.0
"""Seconds that a connection must live before the delay starts anew."""
COME_BACK_JITTER = 0.1
"""Seconds added to the time that a server names before it restarts: it has spread its clients already."""
REPLACED_DELAY = 60.0
"""Seconds after another node with this identity took our place: both would throw each other out for ever."""

log = Logger()


def _nothing(*_: object) -> None:
    return None


def parse_address(address: str) -> tuple[str, int]:
    """Split ``host:port`` or ``[v6]:port`` (checked by :func:`lanrage.core.code.check_address`)."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def hostname_endpoint(reactor: Any, host: str, port: int, check: ServerCheck) -> IStreamClientEndpoint:
    """TLS over TCP to a name or address, IPv6 and IPv4 side by side (RFC 8305); without TLS on this machine."""
    return check.wrap(HostnameEndpoint(reactor, host, port, timeout=CONNECT_TIMEOUT), reactor)


@attrs.frozen
class Dialling:
    """How a client dials: replaced by tests.

    :param endpoint: where to dial, from reactor, host, port and what judges the server's certificate.
    :param jitter: a number from 0 to 1 for each delay.
    :param random: secret bytes.
    :param offers: subprotocols, the dearest first; ``(JSON.subprotocol,)`` lets people read what is said.
    """

    endpoint: Callable[[Any, str, int, ServerCheck], IStreamClientEndpoint] = hostname_endpoint
    jitter: Callable[[], float] = _random.random
    random: Callable[[int], bytes] = os.urandom
    offers: tuple[str, ...] = SUBPROTOCOLS


def fill_hosts(info: Accepted, host: str) -> Accepted:
    """Put the address by which the server was reached where it left a host empty."""
    shown = f"[{host}]" if ":" in host else host
    return msgspec.structs.replace(
        info,
        reflectors=tuple(shown + text if text.startswith(":") else text for text in info.reflectors),
        relays=tuple(relay if relay.host else msgspec.structs.replace(relay, host=host) for relay in info.relays),
    )


class ControlClient(Service):
    """Keeps one connection to a control server while it runs.

    :param reactor: connects TCP and keeps time.
    :param addresses: ``host:port``, tried in order.
    :param pin: fingerprint of the server's key, 16 bytes; ``None`` trusts the first key seen and pins it from then on.
    :param on_notice: called with each notice's body and its correlation id.
    :param on_connected: called with :attr:`server_info` after each login.
    :param on_disconnected: called with the reason when a logged-in connection ends.
    :param dialling: how to dial, where it is not the usual way.
    :ivar server_info: what the server said at its last login, empty hosts filled in; ``None`` before the first.
    :ivar server_key: the server's Ed25519 key, 32 bytes; empty before the first login.
    :ivar address: the address connected to, or tried last.
    :ivar failure: why there is no connection, for the user; empty while connected.
    """

    def __init__(
        self,
        reactor: Any,
        keys: NodeKeys,
        addresses: tuple[str, ...],
        pin: bytes | None = None,
        *,
        on_notice: Callable[[NoticeBody, str], None] = _nothing,
        on_connected: Callable[[Accepted], None] = _nothing,
        on_disconnected: Callable[[str], None] = _nothing,
        dialling: Dialling | None = None,
    ) -> None:
        self._reactor = reactor
        self._clock: IReactorTime = reactor
        self._keys, self._addresses = keys, addresses
        self.pin = pin
        self._on_notice, self._on_connected, self._on_disconnected = on_notice, on_connected, on_disconnected
        self._dialling = dialling or Dialling()
        self._connection: Connection | None = None
        self._loop: Deferred[None] | None = None
        self._pause: Deferred[None] | None = None
        self._patient: list[Deferred[Accepted]] = []
        self._impatient: list[Deferred[Accepted]] = []
        self.server_info: Accepted | None = None
        self.server_key = b""
        self.address = addresses[0]
        self.failure = "not started"
        self._hurried, self._ages = False, OperationAges()

    @property
    def connected(self) -> bool:
        """A connection is logged in."""
        return self._connection is not None

    def startService(self) -> None:
        """Start to dial."""
        super().startService()  # type: ignore[no-untyped-call]
        self.failure = "connecting"
        self._loop = Deferred.fromCoroutine(self._run())
        self._loop.addErrback(self._ended)

    @timing_decorator("control_client.close")
    def stopService(self) -> Deferred[None]:
        """Close the connection; whoever waits for one is told :class:`Unreachable`; fires when it is closed."""
        super().stopService()  # type: ignore[no-untyped-call]
        self.failure = "stopped"
        loop, self._loop = self._loop, None
        if loop is not None:
            loop.cancel()
        connection, self._connection = self._connection, None
        if connection is not None:
            log.info("the connection to {address} is closed", address=self.address)
            connection.close()
        self._fail(self._patient + self._impatient, Unreachable("the control link was stopped"))
        return connection.factory.gone if connection is not None else succeed(None)

    def when_connected(self, *, patient: bool = False) -> Deferred[Accepted]:
        """Fires with :attr:`server_info` once logged in.

        :param patient: wait as long as it takes; otherwise redial at once and fail with the typed error
            (:class:`Unreachable`, :class:`VersionMismatch`, :class:`CryptoError`, :class:`Refused`) as soon as every
            address was tried.
        """
        if self._connection is not None and self.server_info is not None:
            return succeed(self.server_info)
        waiters = self._patient if patient else self._impatient
        waiter: Deferred[Accepted] = Deferred(lambda d: waiters.remove(d) if d in waiters else None)
        waiters.append(waiter)
        if not patient and self._pause is not None and not self._pause.called:
            self._pause.callback(None)
        return waiter

    def moved(self, hosts: Collection[str], slept: float = 0.0) -> None:
        """This machine's network changed: dial again at once, where the connection cannot have lived through that.

        :param hosts: this machine's addresses now; of IPv6 those that are of use for new connections, so that one
            missing there may still carry an old one.
        :param slept: seconds that the machine slept: the server gives up whom it does not hear.
        """
        self._hurried = True
        connection = self._connection
        if connection is None:
            if self._pause is not None and not self._pause.called:
                self._pause.callback(None)
            return
        own = connection.own_host  # no network can take 127.0.0.0/8 away
        gone = "." in own and not own.startswith("127.") and own not in hosts
        if gone or slept >= PING_INTERVAL + PING_TIMEOUT:
            connection.close()
        else:
            self._hurried = False

    def relays_changed(self, relays: tuple[RelayInfo, ...]) -> Accepted | None:
        """The server named other relays; what it says all in all, now."""
        if self._connection is None or self.server_info is None:
            return None
        info = msgspec.structs.replace(self.server_info, relays=relays)
        self.server_info = fill_hosts(info, self._connection.host)
        return self.server_info

    @timing_decorator("control_client.request")
    async def request(
        self, body: RequestBody, *, timeout: float = REQUEST_TIMEOUT, correlation_id: str = ""
    ) -> ReplyBody:
        """Ask the server; waits for a connection if there is none.

        A request that failed as :class:`Unreachable` may yet have been carried out: every operation may be repeated.

        :raises Refused: with the server's word and sentence.
        :raises Unreachable: no answer within `timeout` seconds, or the connection was lost.
        """
        deadline = self._clock.seconds() + timeout
        try:
            if self._connection is None:
                await self.when_connected(patient=True).addTimeout(timeout, self._clock)
            assert self._connection is not None
            now, operation = self._clock.seconds(), correlation_id or get_context().get("correlation_id", "")
            asking = self._connection.request(body, self._ages.of_now(operation, now))
            return await asking.addTimeout(max(0.0, deadline - now), self._clock)
        except DeferredTimeout as error:
            why = self.failure or "no answer"
            raise Unreachable(f"the control server at {self.address} did not answer in {timeout:g} s: {why}") from error

    async def _run(self) -> None:
        attempt = 0
        while self.running:
            connection = await self._dial_all()
            delay = min(LAST_DELAY, FIRST_DELAY * 2 ** min(attempt, DOUBLINGS)) * self._dialling.jitter()
            if connection is not None and self.running:
                began = self._clock.seconds()
                error = await connection.factory.lost
                self._disconnected(error)
                if self._clock.seconds() - began >= STEADY:
                    attempt, delay = 0, FIRST_DELAY * self._dialling.jitter()
                if isinstance(error, ComeBack):
                    attempt, delay = 0, error.seconds + COME_BACK_JITTER * self._dialling.jitter()
                elif isinstance(error, Refused) and error.code == "replaced":
                    delay = REPLACED_DELAY
            if self._hurried:
                attempt, delay, self._hurried = 0, FIRST_DELAY * self._dialling.jitter(), False
            if self.running:
                await self._sleep(delay)
            attempt += 1

    async def _dial_all(self) -> Connection | None:
        """Try each address once."""
        error: LanrageError = Unreachable("no address of a control server is known")
        for address in self._addresses:
            self.address = address
            try:
                connection = await self._dial(address)
            except LanrageError as failure:
                error, self.failure = failure, str(failure)
                log.warn("no connection to {address}: {reason}", address=address, reason=str(failure))
                continue
            self._established(connection)
            return connection
        self._fail(self._impatient, error)
        return None

    @timing_decorator("control_client.initialize")
    async def _dial(self, address: str) -> Connection:
        """Connect and log in at one address.

        :raises Unreachable, VersionMismatch, CryptoError, Refused: named after the address.
        """
        host, port = parse_address(address)
        name, how = f"the control server at {address}", self._dialling
        login = ClientLogin(self._keys, self.pin, how.random, server=name, offers=how.offers)
        check = ServerCheck(host, self.pin, name, lambda key: setattr(login, "pin", fingerprint(key)))
        factory = ConnectionFactory(self._clock, address, login, self._on_notice, "ws" if check.plain else "wss")
        endpoint = how.endpoint(self._reactor, host, port, check)
        try:
            connection = cast(Connection, await endpoint.connect(factory))
        except (ConnectError, ConnectionClosed, DNSLookupError, UserError, DeferredTimeout, OSError) as error:
            raise Unreachable(f"the control server at {address} cannot be reached: {_reason(error)}") from error
        try:
            return await factory.ready.addTimeout(LOGIN_TIMEOUT, self._clock)
        except DeferredTimeout as error:
            connection.transport.abortConnection()
            raise Unreachable(f"the control server at {address} did not complete the login") from error
        except CancelledError:
            connection.transport.abortConnection()
            raise

    def _established(self, connection: Connection) -> None:
        self.server_key = connection.login.server_key
        self.pin = fingerprint(self.server_key)
        self.server_info = info = fill_hosts(connection.info, connection.host)
        self._connection, self.failure = connection, ""
        log.info("logged in at {address}, session {session}", address=self.address, session=info.session)
        _call(self._on_connected, info)
        waiters = self._patient + self._impatient
        self._patient.clear()
        self._impatient.clear()
        for waiter in waiters:
            waiter.callback(info)

    def told(self, addresses: tuple[str, ...]) -> None:
        """The server says where friends reach it."""
        if self.server_info is not None:
            self.server_info = msgspec.structs.replace(self.server_info, addresses=addresses)

    def _disconnected(self, error: LanrageError) -> None:
        self._connection = None
        if not self.running:
            return
        self.failure = str(error)
        log.warn("the connection to {address} ended: {reason}", address=self.address, reason=str(error))
        _call(self._on_disconnected, str(error))

    def _fail(self, waiters: list[Deferred[Accepted]], error: LanrageError) -> None:
        failed = list(waiters)
        self._patient[:] = [d for d in self._patient if d not in failed]
        self._impatient[:] = [d for d in self._impatient if d not in failed]
        for waiter in failed:
            waiter.errback(error)

    async def _sleep(self, delay: float) -> None:
        self._pause = Deferred()
        await self._pause.addTimeout(delay, self._clock, onTimeoutCancel=_nothing)
        self._pause = None

    def _ended(self, failure: Any) -> None:
        if failure.check(CancelledError, ConnectingCancelledError) is None:
            log.failure("the control link ended", failure=failure)


def _call(callback: Callable[..., None], *args: object) -> None:
    """Call an observer; its errors are logged and end nothing."""
    try:
        callback(*args)
    except Exception:  # pylint: disable=broad-exception-caught  # the observer's bug, not the link's
        log.failure("an observer of the control link failed")


def _reason(error: BaseException) -> str:
    text = str(error).strip().rstrip(".")
    return {"ConnectionRefusedError": "connection refused", "TimeoutError": "no answer"}.get(
        type(error).__name__, text or type(error).__name__
    )
