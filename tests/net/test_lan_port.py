"""The carrier's port, on real sockets of the loopback."""

from __future__ import annotations

import errno
import os
import select
import socket
from ipaddress import IPv4Address
from unittest import skipIf

from twisted.internet.error import ConnectionDone
from twisted.internet.testing import MemoryReactor
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from lanrage.errors import BadInput, Unreachable
from lanrage.net.lan_port import RECEIVE_BUFFER, SEND_BUFFER, LanPort

HERE = IPv4Address("127.0.0.1")
DEADLINE_S = 60.0


def free_port() -> int:
    """A UDP port that nobody has."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("", 0))
        return int(probe.getsockname()[1])


class LanPortTests(SynchronousTestCase):
    """One port that sends to itself."""

    def setUp(self) -> None:
        self.reactor = MemoryReactor()
        self.taken: list[tuple[bytes, str]] = []
        self.port = self.make()
        self.port.open(lambda data, source: self.taken.append((data, source)))
        self.addCleanup(self.port.close)

    def make(self, device: str | None = None) -> LanPort:
        """A port that is not open yet."""
        return LanPort(self.reactor, HERE, device, free_port())

    def read(self) -> None:
        """Wait for a datagram and read it."""
        self.assertTrue(select.select([self.port.fileno()], [], [], DEADLINE_S)[0])
        self.port.doRead()

    def test_sends_and_takes(self) -> None:
        """What is sent from the port arrives with its source; the reactor watches the port while it is open."""
        self.assertEqual(self.port.send(b"one", str(HERE)), 0)
        self.read()
        self.assertEqual(self.taken, [(b"one", str(HERE))])
        self.assertEqual(self.reactor.getReaders(), [self.port])
        self.port.close()
        self.port.close()
        self.assertEqual((self.reactor.getReaders(), self.port.fileno()), ([], -1))
        self.assertEqual(self.port.send(b"late", str(HERE)), errno.ENOTCONN)

    @skipIf(os.geteuid() != 0, "needs root: more than the system's default of buffers needs CAP_NET_ADMIN")
    def test_buffers(self) -> None:
        """The kernel keeps what comes while this process is held up (it counts twice what was asked for)."""
        with socket.socket(fileno=os.dup(self.port.fileno())) as same:
            sizes = [same.getsockopt(socket.SOL_SOCKET, each) for each in (socket.SO_RCVBUF, socket.SO_SNDBUF)]
        self.assertEqual([2 * RECEIVE_BUFFER, 2 * SEND_BUFFER], sizes)

    def test_strangers(self) -> None:
        """Other source ports, and datagrams for other addresses of this machine, are refused and counted."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.sendto(b"wrong port", (str(HERE), self.port.port))
            self.read()
        self.port.send(b"wrong address", "127.0.0.9")
        self.read()
        self.assertEqual((self.taken, self.port.strangers), ([], 2))

    def test_device(self) -> None:
        """Datagrams of other devices are refused; one that is not there is named."""
        self.port.close()
        self.port = self.make("lo")
        self.port.open(lambda data, source: self.taken.append((data, source)))
        self.addCleanup(self.port.close)
        self.port.send(b"by lo", str(HERE))
        self.read()
        self.assertEqual(self.taken, [(b"by lo", str(HERE))])
        self.port._index += 1
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.sendto(b"x", (str(HERE), self.port.port))
        self.read()
        self.assertEqual(self.port.strangers, 1)
        missing = self.make("lanrage-none")
        self.assertRaises(Unreachable, missing.open, self.taken.append)
        self.assertEqual(missing.fileno(), -1)

    def test_owned(self) -> None:
        """No other program can bind the port, on no address, with no option: none can send as if it were us."""
        for option in (None, socket.SO_REUSEADDR, socket.SO_REUSEPORT):
            for address in ("", "127.0.0.1", "127.0.0.2"):
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
                    if option is not None:
                        other.setsockopt(socket.SOL_SOCKET, option, 1)
                    with self.assertRaises(OSError) as caught:
                        other.bind((address, self.port.port))
                    self.assertEqual(caught.exception.errno, errno.EADDRINUSE)

    def test_taken(self) -> None:
        """A port that another program has is one clear sentence."""
        second = LanPort(self.reactor, HERE, None, self.port.port)
        error = self.assertRaises(BadInput, second.open, self.taken.append)
        self.assertEqual(str(error), f"LAN port: UDP port {self.port.port} is taken by another program on this machine")

    def test_errors_are_returned(self) -> None:
        """What the kernel refuses is a number, not an exception."""
        self.assertEqual(self.port.send(bytes(70_000), str(HERE)), errno.EMSGSIZE)

    def test_receiver_fails(self) -> None:
        """A bug in the receiver is logged and does not end the reading."""

        def fail(data: bytes, source: str) -> None:
            raise ZeroDivisionError

        self.port._receive = fail
        self.port.send(b"x", str(HERE))
        self.read()
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertNotEqual(self.port.fileno(), -1)

    def test_reactor_stops(self) -> None:
        """The reactor may end it."""
        self.port.connectionLost(Failure(ConnectionDone()))
        self.assertEqual((self.port.fileno(), self.port.logPrefix()), (-1, "LAN port"))
