"""A network in memory between control clients and a control server; time moves by a clock."""

from __future__ import annotations

from typing import Any

import attrs
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ConnectionRefusedError as Refusal
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.task import Clock
from twisted.test.iosim import FakeTransport, IOPump, connect
from zope.interface import implementer

from lanrage.core.identity import SigningKey
from lanrage.net.control_server import ServerFactory
from lanrage.net.control_session import ServerConnection
from lanrage.wire.control import Accepted, Done, Reply, Request
from tests.fakes_control import SeededRandom, seeded

SERVER_KEY = SigningKey(seeded("the server of the memory network"))


@attrs.define(eq=False)
class RecordingDesk:
    """Admits everybody; answers each request with :class:`Done`, or keeps it.

    :ivar silent: keep requests unanswered.
    """

    silent: bool = False
    opened_: list[ServerConnection] = attrs.field(factory=list)
    closed_: list[ServerConnection] = attrs.field(factory=list)
    requests: list[Request] = attrs.field(factory=list)

    def accept(self, session: str) -> Accepted:
        """The same for all."""
        return Accepted(session, 0.0, (":3478",), ())

    def opened(self, connection: ServerConnection) -> None:
        """Remember."""
        self.opened_.append(connection)

    def closed(self, connection: ServerConnection) -> None:
        """Remember."""
        self.closed_.append(connection)

    def requested(self, connection: ServerConnection, request: Request) -> None:
        """Remember and answer."""
        self.requests.append(request)
        if not self.silent:
            connection.send(Reply(request.id, Done()))


@attrs.define(eq=False)
class MemoryNetwork:
    """Connections to one server.

    :ivar servers: factory by ``host:port``; an address without one refuses.
    :ivar silent: addresses that accept and never say a word.
    :ivar dialled: (time, address) of each try.
    :ivar joined: connections so far; 200 come from one host.
    """

    clock: Clock = attrs.field(factory=Clock)
    servers: dict[str, ServerFactory] = attrs.field(factory=dict)
    silent: set[str] = attrs.field(factory=set)
    dialled: list[tuple[float, str]] = attrs.field(factory=list)
    pumps: list[IOPump] = attrs.field(factory=list)
    joined: int = 0

    def serve(self, address: str, desk: Any, key: SigningKey = SERVER_KEY) -> ServerFactory:
        """A server at an address."""
        factory = self.servers[address] = ServerFactory(self.clock, key, desk, SeededRandom(address))
        return factory

    def endpoint(self, _: Any, host: str, port: int, check: Any = None) -> MemoryEndpoint:
        """For :class:`lanrage.net.control_client.ControlClient`."""
        return MemoryEndpoint(self, f"{host}:{port}")

    def settle(self, seconds: float = 0.0) -> None:
        """Move time, then all that is on its way."""
        self.clock.advance(seconds)
        while sum(pump.flush(advanceClock=False) for pump in list(self.pumps)):  # all of them each time: they are many
            self.clock.advance(0)
        self.pumps = [pump for pump in self.pumps if not pump.serverIO.disconnected or not pump.clientIO.disconnected]

    def join(self, client: Any, factory: ServerFactory) -> ServerConnection:
        """Connect a client protocol to a server."""
        near = IPv4Address("TCP", f"198.51.100.{7 + self.joined // 200 % 200}", 40000)
        far = IPv4Address("TCP", "203.0.113.5", 7766)
        self.joined += 1
        server = factory.buildProtocol(near)
        self.pumps.append(
            connect(
                server,
                FakeTransport(server, True, far, near),
                client,
                FakeTransport(client, False, near, far),
                clock=self.clock,
            )
        )
        connection: ServerConnection = server
        return connection


@implementer(IStreamClientEndpoint)
@attrs.define
class MemoryEndpoint:
    """One address of the network."""

    _network: MemoryNetwork
    _address: str

    def connect(self, factory: Any) -> Deferred[Any]:
        """Dial."""
        network = self._network
        network.dialled.append((network.clock.seconds(), self._address))
        client = factory.buildProtocol(IPv4Address("TCP", "203.0.113.5", 7766))
        if self._address in network.silent:
            client.makeConnection(FakeTransport(client, False))
            return succeed(client)
        if self._address not in network.servers:
            return fail(Refusal())
        network.join(client, network.servers[self._address])
        return succeed(client)
