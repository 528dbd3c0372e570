"""Relay over WebSocket in memory: a node's session, the control server's bridge, a relay; time moves by a clock."""

from __future__ import annotations

from typing import Any

import attrs
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.identity import fingerprint
from lanrage.core.links import Endpoint
from lanrage.core.relay_cookies import Line
from lanrage.net.control_client import Dialling
from lanrage.net.relay_bridge import RelayBridges
from lanrage.net.relay_targets import RelayTargets
from lanrage.net.relay_tcp_client import RelaySession, dial
from lanrage.wire.control import RelayInfo
from lanrage.wire.relay_channels import Closed, Heard
from tests.core.relay_world import RELAY, MemoryRelay, Node, node
from tests.fakes_channel import SERVER_KEY, MemoryNetwork, RecordingDesk
from tests.fakes_threads import ThreadClock

ADDRESS = "play.example.org:7766"
PIN = fingerprint(SERVER_KEY.public)
NAMED = RelayInfo(RELAY, 7800, 7803)
BERT = Line("198.51.100.2", 4000, 7801)
OUTSIDE = "203.0.113.5"
"""The server's address as a relay elsewhere sees it."""
GAME = b"\x04 a packet of WireGuard"


@attrs.define(eq=False)
class UdpSocket:
    """A UDP socket of the server, in memory."""

    clock: UdpClock
    protocol: Any
    line: tuple[str, int]
    closed: bool = False

    def write(self, datagram: bytes, addr: tuple[str, int]) -> None:
        """To the relay."""
        self.clock.sent.append((datagram, addr))
        if addr[0] == RELAY:
            self.clock.carry(self.clock.relay.datagram(Line(*self.line, addr[1]), datagram))

    def stopListening(self) -> None:
        """Close it."""
        self.closed = True


class UdpClock(ThreadClock):
    """A reactor that listens on UDP, with a relay on the other side.

    :ivar sent: all that went out.
    :ivar bert: what the relay sends to Bert's line.
    """

    def __init__(self) -> None:
        super().__init__()
        self.relay = MemoryRelay()
        self.sockets: list[UdpSocket] = []
        self.sent: list[tuple[bytes, tuple[str, int]]] = []
        self.bert: list[bytes] = []
        self.full = False

    def listenUDP(self, port: int, protocol: Any, interface: str = "", maxPacketSize: int = 8192) -> UdpSocket:
        """A socket."""
        assert port == 0
        assert maxPacketSize > 1500
        if self.full:
            raise OSError("no descriptors left")
        self.sockets.append(UdpSocket(self, protocol, (interface or OUTSIDE, 5000 + len(self.sockets))))
        return self.sockets[-1]

    def carry(self, sent: list[tuple[Line, bytes]]) -> None:
        """What the relay sends."""
        for line, datagram in sent:
            for each in self.sockets:
                if each.line == line[:2] and not each.closed:
                    self.callLater(0, each.protocol.datagramReceived, datagram, (RELAY, line.local))
            if line == BERT:
                self.bert.append(datagram)


class RelayTcpCase(SynchronousTestCase):
    """Anna over TCP, Bert by UDP."""

    relays: tuple[RelayInfo, ...] = (NAMED,)

    def setUp(self) -> None:
        """A server that names a relay."""
        self.clock = UdpClock()
        self.net = MemoryNetwork(self.clock)
        self.factory = self.net.serve(ADDRESS, RecordingDesk())
        targets = RelayTargets(self.clock, lambda: self.relays, lambda name: (name,))
        targets.look()
        self.bridges = self.factory.bridges = RelayBridges(self.clock, targets, self.factory.relay_refused)
        self.heard: list[Heard | Closed] = []
        self.bert = node("bert", "anna", BERT)
        self.addCleanup(lambda: self.assertEqual([], self.flushLoggedErrors()))

    def dial(self, address: str = ADDRESS, **how: Any) -> Deferred[RelaySession]:
        """A node's session, which may not come to stand."""
        dialling = Dialling(self.net.endpoint, **how)
        dialled = Deferred.fromCoroutine(dial(self.clock, address, PIN, self.heard.append, dialling))
        self.net.settle()
        return dialled

    def session(self) -> RelaySession:
        """A node's session that stands."""
        return self.successResultOf(self.dial())

    def anna(self, port: int = 7800) -> Node:
        """Anna's binding."""
        return node("anna", "bert", Line("", 0, port))

    def bind(self, session: RelaySession, anna: Node | None = None) -> Node:
        """Anna binds over TCP, Bert by UDP."""
        anna = anna or self.anna()
        self.say(session, anna, anna.binding.start(self.clock.relay.now))
        self.to_relay(self.bert.binding.start(self.clock.relay.now))
        self.listen(session, anna)
        return anna

    def say(self, session: RelaySession, anna: Node, datagrams: list[bytes]) -> None:
        """Anna to the relay, until there is nothing more to say."""
        for datagram in datagrams:
            session.send(datagram, anna.binding.relay)
        self.listen(session, anna)

    def listen(self, session: RelaySession, anna: Node) -> None:
        """What came for Anna."""
        self.net.settle()
        self.net.settle()
        heard, self.heard[:] = list(self.heard), []
        for each in heard:
            assert isinstance(each, Heard)
            if each.datagram.startswith(b"LRRL"):
                self.say(session, anna, anna.binding.receive(each.datagram, self.clock.relay.now))
            else:
                anna.got.append(each.datagram)

    def to_relay(self, datagrams: list[bytes]) -> None:
        """Bert to the relay, and its answers to both."""
        while datagrams:
            answers = [each for datagram in datagrams for each in self.clock.relay.datagram(BERT, datagram)]
            self.clock.carry([each for each in answers if each[0] != BERT])
            own = [answer for line, answer in answers if line == BERT]
            self.clock.bert += [each for each in own if not each.startswith(b"LRRL")]
            now = self.clock.relay.now
            datagrams = [more for each in own for more in self.bert.binding.receive(each, now)]

    def gone(self) -> None:
        """All connections have ended, and nothing of them is left."""
        self.net.settle()
        self.net.settle()
        self.assertEqual((set(), 0), (self.factory.connections, self.bridges.guests.count))
        self.assertEqual([True] * len(self.clock.sockets), [each.closed for each in self.clock.sockets])
        self.assertEqual([], self.clock.getDelayedCalls())


def endpoint(port: int, host: str = RELAY) -> Endpoint:
    """A port of a relay."""
    return Endpoint(host, port)
