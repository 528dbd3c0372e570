"""An ordinary UDP port, on loopback."""

from __future__ import annotations

from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase

from lanrage.core.links import Endpoint
from lanrage.net.plain_port import PlainPort, _Receiver

reactor: Any = _reactor
WAIT = 60.0
"""Seconds for a datagram over loopback, on a busy machine."""


class TestPlainPort(TestCase):
    """Two of them."""

    def port(self, receive: Any) -> tuple[PlainPort, Endpoint]:
        """An open port, and where it is."""
        port = PlainPort(reactor)
        port.open(0, receive)
        self.addCleanup(port.close)
        assert port._listening is not None
        host: Any = port._listening.getHost()
        return port, Endpoint("127.0.0.1", host.port)

    def test_there_and_back(self) -> Deferred[None]:
        """What one sends the other receives, with its source."""
        heard: Deferred[tuple[bytes, Endpoint]] = Deferred()
        _, to = self.port(lambda payload, source, local: heard.callback((payload, source)))
        sender, source = self.port(lambda payload, source, local: None)
        sender.send(b"hello", to)
        return heard.addTimeout(WAIT, reactor).addCallback(self.assertEqual, (b"hello", source))

    def test_refusals(self) -> None:
        """A taken port is the system's error; what cannot be sent is counted; a closed one is silent."""
        port, taken = self.port(lambda payload, source, local: None)
        with self.assertRaises(OSError):
            PlainPort(reactor).open(taken.port, lambda payload, source, local: None)
        port.send(b"x", Endpoint("255.255.255.255", 9))
        self.assertEqual(port.refused, 1)
        port.close()
        port.close()
        port.send(b"x", taken)
        self.assertEqual(port.refused, 1)

    def test_a_receiver_that_fails(self) -> None:
        """Does not stop the port; a datagram from port 0 is nobody's."""

        def fail(payload: bytes, source: Endpoint, local: str) -> None:
            raise RuntimeError(payload)

        receiver = _Receiver(fail)
        receiver.datagramReceived(b"x", ("192.0.2.1", 0))
        self.assertEqual(self.flushLoggedErrors(RuntimeError), [])
        receiver.datagramReceived(b"x", ("192.0.2.1", 1))
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)
