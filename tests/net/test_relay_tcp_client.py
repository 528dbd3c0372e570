"""A node's WebSocket to the relay: over TLS, judged as the control link judges, and with servers that are none."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure
from zope.interface import implementer

from lanrage.core.datagram_queue import QUEUE_DATAGRAMS
from lanrage.core.origins import Proxies
from lanrage.errors import CryptoError, DecodeError, LanrageError, Unreachable
from lanrage.net.control_client import Dialling
from lanrage.net.front import FrontFactory
from lanrage.net.relay_bridge import RelayBridges
from lanrage.net.relay_targets import RelayTargets
from lanrage.net.relay_tcp_client import ALIVE_INTERVAL, OPEN_TIMEOUT, RelaySession, RelaySessionFactory, dial
from lanrage.wire.relay_tcp import Close, Data, Open, Reason, decode, encode
from tests.fakes_channel import MemoryNetwork
from tests.net.front_world import FOREIGN, NAME, PIN, SERVER, FrontCase, Wire
from tests.net.relay_tcp_world import GAME, NAMED, RelayTcpCase, UdpClock, endpoint


@implementer(IStreamClientEndpoint)
class TlsEndpoint:
    """Dials the front of a case, with TLS as the node would have it."""

    def __init__(self, case: TlsTests, check: Any) -> None:
        self._case, self._check = case, check

    def connect(self, factory: Any) -> Deferred[Any]:
        """Dial."""
        wrapped = TLSMemoryBIOFactory(self._check, True, factory, self._case.net.clock).buildProtocol(SERVER)
        done: Deferred[Any] = Deferred()
        done.callback(wrapped.wrappedProtocol)
        self._case.join(wrapped, FOREIGN)
        return done


class TlsTests(FrontCase):
    """The port as it is outside: one front, TLS, the relay beside the control channel."""

    def setUp(self) -> None:
        """A server that names a relay."""
        super().setUp()
        self.net = MemoryNetwork(UdpClock())
        self.inner = self.net.serve("server:1", self.desk)
        self.front = FrontFactory(self.inner, self.source, self.limits, Proxies())
        targets = RelayTargets(self.net.clock, lambda: (NAMED,), lambda name: (name,))
        targets.look()
        self.inner.bridges = RelayBridges(self.net.clock, targets, self.inner.relay_refused)

    def try_dial(self, pin: bytes | None) -> Deferred[RelaySession]:
        """A node's session."""
        how = Dialling(lambda reactor, host, port, check: TlsEndpoint(self, check))
        work = dial(self.net.clock, f"{NAME}:7766", pin, lambda heard: None, how)
        dialled = Deferred.fromCoroutine(work)
        for _ in range(6):
            self.net.settle(0.001)
        return dialled

    def test_pinned(self) -> None:
        """The server's own certificate is known by the pin; datagrams go through, the end leaves nothing."""
        session = self.successResultOf(self.try_dial(PIN))
        session.send(b"LRRL\x01\x01" + bytes(30), endpoint(7800))
        for _ in range(3):
            self.net.settle(0.001)
        clock: Any = self.net.clock
        self.assertEqual(1, len(clock.sent))
        session.close()
        self.gone()

    def test_another_key(self) -> None:
        """Another server is not spoken to."""
        self.failureResultOf(self.try_dial(bytes(16)), CryptoError)
        self.gone()


class SessionTests(RelayTcpCase):
    """One session, without TLS."""

    def test_nobody_there(self) -> None:
        """The reason is told."""
        self.assertIn("cannot be reached", str(self.failureResultOf(self.dial("x:1"), Unreachable).value))

    def test_silent_server(self) -> None:
        """A server that accepts and says nothing is given up in time; nothing is left."""
        self.net.silent.add("x:1")
        dialled = self.dial("x:1")
        self.net.settle(OPEN_TIMEOUT)
        self.failureResultOf(dialled, Unreachable)

    def test_cancelled(self) -> None:
        """A try that is given up ends."""
        self.net.silent.add("x:1")
        dialled = self.dial("x:1")
        dialled.cancel()
        self.assertNotIsInstance(self.failureResultOf(dialled).value, LanrageError)

    def test_slow_server(self) -> None:
        """A server that does not read gets the newest datagrams, when it does."""
        session = self.session()
        producer: Any = session.transport.producer
        producer.pauseProducing()
        for number in range(1000):
            session.send(GAME + number.to_bytes(2, "big"), endpoint(7800))
        self.assertEqual(
            (QUEUE_DATAGRAMS, 1001 - QUEUE_DATAGRAMS), (len(session.paced.queue), session.paced.queue.dropped)
        )
        producer.resumeProducing()
        self.net.settle()
        self.assertEqual(0, len(session.paced.queue))
        session.close()
        self.gone()

    def test_dead_server(self) -> None:
        """A server that answers no ping is gone after two intervals, with the word for it."""
        session = self.session()
        self.net.pumps.clear()
        self.clock.advance(ALIVE_INTERVAL)
        self.clock.advance(ALIVE_INTERVAL)
        self.assertTrue(session.transport.disconnecting or session.transport.disconnected)

    def test_ended_by_the_server(self) -> None:
        """The session tells once that it is over."""
        session = self.session()
        next(iter(self.factory.connections)).cut()
        self.net.settle()
        self.assertEqual("the control server closed the connection", self.successResultOf(session.factory.ended))
        session.send(GAME, endpoint(7800))
        self.gone()

    def test_retain(self) -> None:
        """Ports that are not needed any more are given back."""
        session = self.session()
        for port in (7800, 7801, 7802):
            session.send(GAME, endpoint(port))
        session.retain([endpoint(7801)])
        self.net.settle()
        guest: Any = next(iter(self.factory.connections))
        self.assertEqual((1, {endpoint(7801)}), (len(guest._guest._bridge), session.channels.relays))
        session.close()
        self.gone()

    def test_restarting_server(self) -> None:
        """What the control server says at its stop is text: the session ends."""
        session = self.session()
        next(iter(self.factory.connections)).deny("restarting", "the control server restarts", 100)
        for _ in range(3):
            self.net.settle(1.0)
        self.assertTrue(session.factory.ended.called)
        self.gone()


class Recorder:
    """A server by hand: what a session writes, and what it is told."""

    def __init__(self) -> None:
        self.heard: list[Any] = []
        self.clock = UdpClock()
        self.factory = RelaySessionFactory(self.clock, "play.example.org:7766", self.heard.append, "ws")


class LyingServerTests(RelayTcpCase):
    """Servers that say anything."""

    @settings(max_examples=60)
    @given(st.lists(st.binary(max_size=40), max_size=6))
    def test_any_frames(self, frames: list[bytes]) -> None:
        """A frame is a datagram, a close, or the end."""
        self.setUp()
        session = self.session()
        session.send(GAME, endpoint(7800))
        for frame in frames:
            session.onMessage(frame, True)
        self.net.settle()
        for frame in frames:
            try:
                decode(frame)
            except DecodeError:
                self.assertTrue(session.factory.ended.called)
                break
        else:
            self.assertFalse(session.factory.ended.called)
            session.close()
        self.gone()

    def test_text(self) -> None:
        """Text is no frame."""
        session = self.session()
        session.onMessage(b"hello", False)
        self.net.settle()
        self.assertIn("text", self.successResultOf(session.factory.ended))
        self.gone()

    def test_words(self) -> None:
        """A server opens nothing, and what concerns no channel is passed over."""
        session = self.session()
        for frame in (Open(1, "x", 1), Close(9, Reason.DONE), Data(9, b"x")):
            session.onMessage(encode(frame), True)
        self.assertEqual(([], False), (self.heard, session.factory.ended.called))
        session.close()
        self.gone()

    @settings(max_examples=60)
    @given(st.binary(min_size=1, max_size=400))
    def test_any_answer(self, answer: bytes) -> None:
        """Whatever answers the HTTP request, the try ends with one error, or waits."""
        recorder = Recorder()
        session = recorder.factory.buildProtocol(None)
        wire = Wire(SERVER, FOREIGN)
        session.makeConnection(wire)
        session.dataReceived(answer)
        session.dataReceived(bytes(9000))
        self.assertTrue(wire.disconnecting or wire.disconnected)
        session.connectionLost(Failure(ConnectionDone()))
        self.failureResultOf(recorder.factory.ready, LanrageError)
        self.assertEqual([], recorder.clock.getDelayedCalls())
