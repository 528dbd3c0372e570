"""The party channel's port, on real sockets of the loopback: owned by the node alone."""

from __future__ import annotations

import errno
import select
import socket
from ipaddress import IPv4Address

from twisted.internet.testing import MemoryReactor
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.exposure import PARTY_PORT
from lanrage.errors import BadInput
from lanrage.net.lan_port import LAN_PORT
from lanrage.net.party_port import party_port

HERE = IPv4Address("127.0.0.1")
DEADLINE_S = 60.0


class PartyPortTests(SynchronousTestCase):
    """The fixed port."""

    def setUp(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as trial:
            try:
                trial.bind(("", PARTY_PORT))
            except OSError:
                self.skipTest(f"UDP port {PARTY_PORT} is in use on this machine")
        self.taken: list[tuple[bytes, str]] = []
        self.port = party_port(MemoryReactor(), HERE, None)
        self.port.open(lambda data, source: self.taken.append((data, source)))
        self.addCleanup(self.port.close)

    def test_local_program(self) -> None:
        """No local program can have the port on any address, and what one sends from another port is ignored."""
        self.assertNotEqual(LAN_PORT, PARTY_PORT)
        for option in (None, socket.SO_REUSEADDR, socket.SO_REUSEPORT):
            for address in ("", "127.0.0.1", "127.0.0.2"):
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
                    if option is not None:
                        other.setsockopt(socket.SOL_SOCKET, option, 1)
                    with self.assertRaises(OSError) as caught:
                        other.bind((address, PARTY_PORT))
                    self.assertEqual(errno.EADDRINUSE, caught.exception.errno)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.sendto(b"from elsewhere", (str(HERE), PARTY_PORT))
            self.assertTrue(select.select([self.port.fileno()], [], [], DEADLINE_S)[0])
            self.port.doRead()
        self.assertEqual(([], 1), (self.taken, self.port.strangers))
        self.assertEqual(0, self.port.send(b"from here", str(HERE)))
        self.assertTrue(select.select([self.port.fileno()], [], [], DEADLINE_S)[0])
        self.port.doRead()
        self.assertEqual([(b"from here", str(HERE))], self.taken)

    def test_taken(self) -> None:
        """A port that another program has is one sentence that names it."""
        error = self.assertRaises(BadInput, party_port(MemoryReactor(), HERE, None).open, lambda data, source: None)
        self.assertEqual(f"party port: UDP port {PARTY_PORT} is taken by another program on this machine", str(error))
