"""Sockets that share a port: the closest address gets the datagram, and a foreign one is noticed."""

from __future__ import annotations

import socket
from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.error import CannotListenError
from twisted.internet.protocol import DatagramProtocol
from twisted.trial.unittest import TestCase

from lanrage.net.shared_port import check_free, listen_shared

reactor: Any = _reactor
WAIT = 60.0
"""Seconds for a datagram over loopback, on a busy machine."""


class Ear(DatagramProtocol):
    """Waits for one datagram."""

    noisy = False

    def __init__(self) -> None:
        self.heard: Deferred[bytes] = Deferred()

    def datagramReceived(self, datagram: bytes, addr: tuple[str, int]) -> None:
        """It came."""
        if not self.heard.called:
            self.heard.callback(datagram)


class TestSharedPort(TestCase):
    """One port, several sockets."""

    def test_the_closest_hears(self) -> Deferred[Any]:
        """Each its own address; the one for any address all others."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as trial:
            trial.bind(("", 0))
            port = trial.getsockname()[1]
        ears = {host: Ear() for host in ("127.0.0.2", "", "127.0.0.1")}
        for host, ear in ears.items():
            listening = listen_shared(reactor, host, port, ear)
            self.addCleanup(listening.stopListening)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for host in ("127.0.0.1", "127.0.0.2", "127.0.0.3"):
                sender.sendto(host.encode(), (host, port))
        waiting = [ears[host].heard.addTimeout(WAIT, reactor) for host in ("127.0.0.1", "127.0.0.2", "")]
        return gatherResults(waiting).addCallback(self.assertEqual, [b"127.0.0.1", b"127.0.0.2", b"127.0.0.3"])

    def test_a_foreign_one(self) -> None:
        """Somebody else's socket on the port, shared or not, is an error; a free port is none."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            other.bind(("127.0.0.1", 0))
            port = other.getsockname()[1]
            for host in ("127.0.0.1", ""):
                with self.assertRaises(CannotListenError):
                    check_free(host, port)
        check_free("127.0.0.1", port)
        with self.assertRaises(CannotListenError):
            listen_shared(reactor, "192.0.2.1", port, Ear())
