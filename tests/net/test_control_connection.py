"""A node's connection to what only claims to be a control server."""

from __future__ import annotations

from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from lanrage.errors import DecodeError
from lanrage.net.control_connection import ConnectionFactory
from lanrage.net.websocket import OPENING_LIMIT
from lanrage.wire.login import ClientLogin
from tests.fakes_control import SeededRandom, node_keys


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
