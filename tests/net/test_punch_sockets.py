"""The sockets of birthday probing, on this machine's loopback."""

from __future__ import annotations

import errno
import os
import select
import socket

from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase

from lanrage.core.links import Endpoint
from lanrage.errors import LanrageError
from lanrage.net.punch_sockets import PunchSockets

COUNT = 20


class PunchSocketsTests(TestCase):
    """Many sockets, one peer."""

    timeout = 120

    def setUp(self) -> None:
        """A peer, and sockets that are not open yet."""
        from twisted.internet import reactor

        self.reactor = reactor
        self.peer = self.plain()
        self.to = Endpoint(*self.peer.getsockname())
        self.heard: list[tuple[int, bytes]] = []
        self.waiting: Deferred[None] | None = None
        self.sockets = PunchSockets(reactor)
        self.addCleanup(self.sockets.close)

    def plain(self) -> socket.socket:
        """An ordinary socket of somebody."""
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(made.close)
        made.bind(("127.0.0.1", 0))
        made.settimeout(2)
        return made

    def receive(self, place: int, payload: bytes) -> None:
        """What came in."""
        self.heard.append((place, payload))
        if payload == b"bad":
            raise ValueError("nobody can read this")
        if self.waiting is not None and payload == b"last":
            waiting, self.waiting = self.waiting, None
            waiting.callback(None)

    def told(self) -> Deferred[None]:
        """Fires with the payload ``last``."""
        self.waiting = Deferred()
        return self.waiting

    async def test_all(self) -> None:
        """Each sends from a port of its own and hears the peer; strangers are not heard, and a bad datagram is one."""
        self.sockets.open(COUNT, self.to, self.receive)
        for place in range(COUNT):
            self.sockets.send(place, b"%d" % place)
        seen = {int(data): address for data, address in (self.peer.recvfrom(99) for _ in range(COUNT))}
        self.assertEqual((COUNT, COUNT), (len(seen), len(set(seen.values()))))
        self.plain().sendto(b"stranger", seen[3])
        self.peer.sendto(b"bad", seen[4])
        last = self.told()
        self.peer.sendto(b"one", seen[3])
        self.peer.sendto(b"last", seen[3])
        await last
        self.assertEqual([(3, b"one"), (3, b"last"), (4, b"bad")], sorted(self.heard, key=lambda pair: pair[0]))
        self.assertEqual(1, len(self.flushLoggedErrors(ValueError)))

    async def test_keep(self) -> None:
        """One stays open and unread, so that its port is nobody else's; the others are closed."""
        self.sockets.open(COUNT, self.to, self.receive)
        self.sockets.send(5, b"from five")
        _, address = self.peer.recvfrom(99)
        before = len(os.listdir("/proc/self/fd"))
        self.assertEqual(address[1], self.sockets.keep(5))
        self.assertEqual(before - COUNT, len(os.listdir("/proc/self/fd")))
        self.assertEqual(-1, self.sockets.fileno())
        self.peer.sendto(b"last", address)
        with self.assertRaises(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as thief:
            thief.bind(("127.0.0.1", address[1]))
        await deferLater(self.reactor, 0.05)
        self.assertEqual([], self.heard)
        self.sockets.close()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as heir:
            heir.bind(("127.0.0.1", address[1]))

    async def test_kept_in_the_middle(self) -> None:
        """The round may end while datagrams of several sockets wait: the others are not read any more."""
        self.sockets.open(COUNT, self.to, self.keeping)
        for place in range(COUNT):
            self.sockets.send(place, b"%d" % place)
        for _ in range(COUNT):
            self.peer.sendto(b"ping", self.peer.recvfrom(99)[1])
        done = self.told()
        self.sockets.doRead()
        await done
        self.assertEqual(1, len([payload for _, payload in self.heard if payload == b"ping"]))

    def keeping(self, place: int, payload: bytes) -> None:
        """Keeps the first that is hit."""
        self.heard.append((place, payload))
        self.sockets.keep(place)
        self.receive(place, b"last")

    def test_silence(self) -> None:
        """A peer that refuses (ICMP), a place that is none, and closed sockets are counted and otherwise silent."""
        gone = self.plain()
        to = Endpoint(*gone.getsockname())
        gone.close()
        self.sockets.open(1, to, self.receive)
        self.sockets.send(0, b"x")
        self.sockets.send(0, b"y")  # the kernel tells of the first here
        self.sockets.doRead()
        self.sockets.send(7, b"z")
        self.assertEqual(([], 2), (self.heard, self.sockets.refused))
        self.sockets.connectionLost(Failure(ConnectionError("the reactor stops")))
        self.sockets.close()
        self.sockets.doRead()
        self.assertEqual("birthday probing", self.sockets.logPrefix())

    def test_refused(self) -> None:
        """An address that cannot be sent to is told at once, and no socket is left."""
        before = len(os.listdir("/proc/self/fd"))
        with self.assertRaises(LanrageError):
            self.sockets.open(3, Endpoint("255.255.255.255", 9), self.receive)
        self.assertEqual(before, len(os.listdir("/proc/self/fd")))

    def test_no_descriptors(self) -> None:
        """Where not even the one that stands for all is to be had, that is told likewise."""

        def none() -> None:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

        self.patch(select, "epoll", none)
        with self.assertRaisesRegex(LanrageError, "3 sockets for birthday probing cannot be opened"):
            self.sockets.open(3, self.to, self.receive)
        self.assertEqual(-1, self.sockets.fileno())
        self.sockets.close()
