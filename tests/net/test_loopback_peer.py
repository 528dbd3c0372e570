"""Whose program is at the other end of a connection within this machine."""

from __future__ import annotations

import os
import socket

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.trial.unittest import SynchronousTestCase

from lanrage.net.loopback_peer import user_of


class PeerTests(SynchronousTestCase):
    """Asked of the kernel."""

    def ends(self, family: int, host: str) -> tuple[socket.socket, socket.socket]:
        """A connection: the program's end and ours."""
        with socket.create_server((host, 0), family=family) as server:
            theirs = socket.create_connection(server.getsockname()[:2], 10)
            ours, _ = server.accept()
        self.addCleanup(theirs.close)
        self.addCleanup(ours.close)
        return theirs, ours

    def test_own(self) -> None:
        """This user's, by either family; nobody's once the program has closed it."""
        for family, host, kind in (
            (socket.AF_INET, "127.0.0.1", IPv4Address),
            (socket.AF_INET6, "::1", IPv6Address),
        ):
            try:
                theirs, ours = self.ends(family, host)
            except OSError:
                if family == socket.AF_INET6:  # a machine without it
                    continue
                raise
            peer, own = kind("TCP", *ours.getpeername()[:2]), kind("TCP", *ours.getsockname()[:2])
            self.assertEqual(os.geteuid(), user_of(peer, own))
            theirs.close()
            self.assertIsNone(user_of(peer, own))

    def test_nobody(self) -> None:
        """No such connection, and what is no address."""
        self.assertIsNone(user_of(IPv4Address("TCP", "127.0.0.1", 1), IPv4Address("TCP", "127.0.0.1", 2)))
        self.assertIsNone(user_of(IPv4Address("TCP", "x", 1), IPv4Address("TCP", "127.0.0.1", 2)))
