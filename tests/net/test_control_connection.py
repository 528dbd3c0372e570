"""A node's connection to what only claims to be a control server."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from lanrage.errors import DecodeError, LanrageError
from lanrage.log_context import context, get_context
from lanrage.net.control_connection import ConnectionFactory
from lanrage.net.websocket import OPENING_LIMIT
from lanrage.wire.control import Resync
from lanrage.wire.control_opening import Denied
from lanrage.wire.login import ClientLogin
from tests.fakes_control import SeededRandom, node_keys
from tests.net.front_world import Wire


class HostileOpeningTests(SynchronousTestCase):
    """The HTTP answer."""

    def test_http_answer_without_an_end(self) -> None:
        """It is neither gathered nor searched: the node hangs up with a word and keeps no timer."""
        clock = Clock()
        login = ClientLogin(node_keys("node"), None, SeededRandom("endless"))
        factory = ConnectionFactory(clock, "server:1", login, lambda body, correlation_id: None)
        connection, transport = factory.buildProtocol(None), StringTransport()
        connection.makeConnection(transport)
        for _ in range(4):
            connection.dataReceived(b"HTTP/1.1 101 " + bytes(OPENING_LIMIT // 2 - 100))
        self.assertTrue(transport.disconnecting or transport.disconnected)
        self.assertLessEqual(len(connection.data), OPENING_LIMIT)
        connection.connectionLost(Failure(ConnectionDone()))
        self.failureResultOf(factory.ready, DecodeError)
        self.assertEqual([], clock.getDelayedCalls())

    def answered(self, *answers: bytes) -> LanrageError:
        """What the node says of an HTTP answer, once the connection has ended."""
        clock = Clock()
        login = ClientLogin(node_keys("node"), None, SeededRandom("answers"), server="the server")
        factory = ConnectionFactory(clock, "server:1", login, lambda body, correlation_id: None)
        connection, transport = factory.buildProtocol(None), Wire()
        connection.makeConnection(transport)
        for answer in answers:
            connection.dataReceived(answer)
        self.assertTrue(transport.disconnecting or transport.disconnected)
        connection.connectionLost(Failure(ConnectionDone()))
        self.assertEqual([], clock.getDelayedCalls())
        error = self.failureResultOf(factory.ready, LanrageError).value
        assert isinstance(error, LanrageError)
        return error

    def test_refused_by_http(self) -> None:
        """A proxy's answer is told by its number; ours for too many connections in words; all else has ended."""
        proxy = "the server answered HTTP 502: a proxy that does not reach it, or another program"
        wanted = {
            b"HTTP/1.1 502 Bad Gateway": proxy,
            b"HTTP/1.1 429 Too Many Requests": "the server takes no more connections from this address now",
            b"HTTP/1.1 evil": "the server closed the connection",
            b"evil": "the server closed the connection",
        }
        self.assertEqual(wanted, {line: str(self.answered(line + b"\r\n\r\n")) for line in wanted})
        self.assertIn("speaks no WebSocket", str(self.answered(b"HTTP/1.1 4\xb29\r\n\r\n")))

    @given(
        st.sampled_from(
            [b"", b"HTTP/1.1 ", b"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-"]
        ),
        st.binary(max_size=80),
    )
    def test_any_answer(self, head: bytes, noise: bytes) -> None:
        """Whatever is answered, there is one error and no traceback."""
        self.assertNotIn("\n", str(self.answered(head + noise + b"\r\n\r\n")))
        self.assertEqual([], self.flushLoggedErrors())


class NoticeTests(SynchronousTestCase):
    """What follows from a notice belongs to the operation that led to it."""

    def test_context(self) -> None:
        """The notice's id and party are the context while it is handled, and not after, whatever was before."""
        seen: list[dict[str, str]] = []
        login = ClientLogin(node_keys("node"), None, SeededRandom("notice"))
        factory = ConnectionFactory(Clock(), "server:1", login, lambda body, correlation_id: seen.append(get_context()))
        with context(correlation_id="long-ago", session_id="s"):
            factory.notice(Resync("ab" * 16), "join-1")
            factory.notice(Denied("limit", "go away"), "")
            self.assertEqual({"correlation_id": "long-ago", "session_id": "s"}, get_context())
        self.assertEqual(
            [{"session_id": "s", "correlation_id": "join-1", "party_id": "ab" * 16}, {"session_id": "s"}], seen
        )
