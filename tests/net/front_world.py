"""A control server's front and whoever comes to it, in memory; time moves by a clock."""

from __future__ import annotations

from typing import Any

from twisted.internet.address import IPv4Address, UNIXAddress
from twisted.internet.error import ConnectionDone
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.testing import StringTransport
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure
from twisted.test.iosim import FakeTransport, connect
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.door_limits import DoorLimits
from lanrage.core.identity import fingerprint
from lanrage.core.origins import Proxies
from lanrage.core.server_certificate import make_certificate
from lanrage.net.control_connection import ConnectionFactory
from lanrage.net.front import Front, FrontFactory
from lanrage.net.tls_client import ServerCheck
from lanrage.net.tls_server import TlsSource, own_context
from lanrage.wire.control_codec import SUBPROTOCOLS
from lanrage.wire.login import ClientLogin
from tests.fakes_channel import SERVER_KEY, MemoryNetwork, RecordingDesk
from tests.fakes_control import SeededRandom, node_keys

NOW = 1_700_000_000.0
FOREIGN = IPv4Address("TCP", "198.51.100.7", 40000)
HERE = IPv4Address("TCP", "127.0.0.1", 40000)
PROXY = IPv4Address("TCP", "192.0.2.9", 40000)
LOCAL = UNIXAddress(b"/run/proxy")
SERVER = IPv4Address("TCP", "203.0.113.5", 7766)
PIN = fingerprint(SERVER_KEY.public)
NAME = "play.example.org"


def opening(*headers: str, path: str = "/", upgrade: bool = True) -> bytes:
    """The HTTP request that opens a WebSocket, or one that does not."""
    lines = [f"GET {path} HTTP/1.1", "Host: play.example.org"]
    if upgrade:
        lines += ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"]
        lines += ["Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==", f"Sec-WebSocket-Protocol: {SUBPROTOCOLS[0]}"]
    return "\r\n".join([*lines, *headers, "", ""]).encode()


class Wire(StringTransport):
    """A TCP transport in memory; a real one, too, does not mind that there is no producer."""

    def unregisterProducer(self) -> None:
        """Forget the producer."""
        self.producer = None


class FrontCase(SynchronousTestCase):
    """One front."""

    proxies = "192.0.2.9"

    def setUp(self) -> None:
        """A server that admits everybody, with its own certificate."""
        self.net = MemoryNetwork()
        self.desk = RecordingDesk()
        self.inner = self.net.serve("server:1", self.desk)
        self.source = TlsSource(own_context(SERVER_KEY, make_certificate(SERVER_KEY, NOW, bytes(16))))
        self.limits = DoorLimits()
        self.front = FrontFactory(self.inner, self.source, self.limits, Proxies.parse(self.proxies, "proxy"))
        self.addCleanup(self.quiet)

    def quiet(self) -> None:
        """Nothing is left: no connection, no timer, no traceback."""
        self.assertEqual([], self.flushLoggedErrors())

    def gone(self) -> None:
        """All connections have ended, and nothing remembers them."""
        self.net.settle()
        self.assertEqual((set(), set(), 0), (self.front.fronts, self.inner.connections, self.limits.count))
        self.assertEqual([], self.net.clock.getDelayedCalls())

    def raw(self, peer: Any = FOREIGN) -> tuple[Front, Wire]:
        """A TCP connection whose bytes the test sends itself."""
        front, transport = self.front.buildProtocol(peer), Wire(SERVER, peer)
        front.makeConnection(transport)
        return front, transport

    def hang_up(self, front: Front) -> None:
        """The other side closes."""
        front.connectionLost(Failure(ConnectionDone()))

    def refusals(self) -> dict[str, int]:
        """How many were refused, by reason."""
        return dict(self.inner.refusals)

    def join(self, client: Any, peer: Any = FOREIGN) -> Any:
        """Connect a client's protocol to the front."""
        server = self.front.buildProtocol(peer)
        near, far = FakeTransport(client, False, peer, SERVER), FakeTransport(server, True, SERVER, peer)
        self.net.pumps.append(connect(server, far, client, near, clock=self.net.clock))
        self.net.settle()
        return server

    def dial(self, peer: Any = FOREIGN, *, pin: bytes | None = PIN, **check: Any) -> ConnectionFactory:
        """A node's connection over TLS."""
        login = ClientLogin(node_keys("node"), pin, SeededRandom("front"), server=f"the control server at {NAME}")
        factory = ConnectionFactory(self.net.clock, f"{NAME}:7766", login, lambda *_: None, "wss")
        judge = ServerCheck(NAME, pin, login.server, lambda key: setattr(login, "pin", fingerprint(key)), **check)
        client = TLSMemoryBIOFactory(judge, True, factory, self.net.clock).buildProtocol(SERVER)
        self.join(client, peer)
        for _ in range(4):
            self.net.settle(0.001)
        return factory

    def tls(self, peer: Any = FOREIGN) -> tuple[Any, list[bytes], Front]:
        """A TLS connection that speaks what the test writes; its protocol, what it hears, the server's side."""
        heard: list[bytes] = []

        class Listener(Protocol):
            """Keeps what it hears."""

            def dataReceived(self, data: bytes) -> None:
                """Keep."""
                heard.append(data)

        judge = ServerCheck(NAME, PIN, "server", lambda _: None)
        client = TLSMemoryBIOFactory(judge, True, Factory.forProtocol(Listener), self.net.clock).buildProtocol(SERVER)
        server = self.join(client, peer)
        self.net.settle(0.001)
        return client, heard, server
