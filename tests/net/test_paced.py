"""Datagrams into TCP: what waits is dropped here, the oldest first, and does not pile up in buffers below."""

from __future__ import annotations

import socket
import time
from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock, deferLater
from twisted.trial.unittest import SynchronousTestCase, TestCase

from lanrage.core.datagram_queue import QUEUE_AGE, QUEUE_BYTES
from lanrage.net.paced import BUFFER, STALL_TIMEOUT, UNSENT, Paced, make_prompt

reactor: Any = _reactor
SIZE = 1000


class PacedTests(SynchronousTestCase):
    """One connection that is told to pause, in memory."""

    def setUp(self) -> None:
        self.clock, self.written, self.stalls = Clock(), list[bytes](), 0
        self.paced = Paced(self.clock, self.written.append, self.stalled)

    def stalled(self) -> None:
        """The connection is of no use."""
        self.stalls += 1

    def test_straight(self) -> None:
        """While the connection takes all, nothing waits."""
        self.paced.send(1, b"one")
        self.assertEqual(([b"one"], 0), (self.written, len(self.paced.queue)))

    def test_pause(self) -> None:
        """What waited is written when the connection takes more, in order; what is old by then is not."""
        self.paced.pauseProducing()
        self.paced.send(1, b"old")
        self.clock.advance(QUEUE_AGE)
        self.paced.send(1, b"two")
        self.clock.advance(0.01)
        self.paced.send(1, b"three")
        self.assertEqual([], self.written)
        self.paced.resumeProducing()
        self.assertEqual(([b"two", b"three"], 1), (self.written, self.paced.queue.dropped))
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_pause_in_the_middle(self) -> None:
        """A pause while what waited is written holds the rest back."""

        def write(frame: bytes) -> None:
            self.written.append(frame)
            self.paced.pauseProducing()

        self.paced = Paced(self.clock, write, self.stalled)
        for name in (b"one", b"two", b"three"):
            self.paced.send(1, name)
        self.assertEqual([b"one"], self.written)
        self.paced.resumeProducing()
        self.assertEqual([b"one", b"two"], self.written)
        self.paced.stopProducing()
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_stall(self) -> None:
        """A connection that takes nothing for long is given up, once."""
        self.paced.pauseProducing()
        self.paced.pauseProducing()
        self.clock.advance(STALL_TIMEOUT)
        self.assertEqual(1, self.stalls)
        self.paced.stopProducing()
        self.paced.send(1, b"late")
        self.paced.resumeProducing()
        self.assertEqual(([], []), (self.written, self.clock.getDelayedCalls()))


class _Sender(Protocol):
    """The server's side of one connection."""

    def connectionMade(self) -> None:
        """Somebody has come."""
        self.factory.came.callback(self)


class SlowReaderTests(TestCase):
    """A real TCP connection whose other end reads late."""

    timeout = 120

    async def connection(self) -> tuple[_Sender, socket.socket]:
        """Both ends."""
        factory = Factory.forProtocol(_Sender)
        factory.came = Deferred()  # type: ignore[attr-defined]
        port = await TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1").listen(factory)
        self.addCleanup(port.stopListening)
        reader = socket.socket()
        self.addCleanup(reader.close)
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader.setblocking(False)
        reader.connect_ex(("127.0.0.1", port.getHost().port))
        sender = await factory.came  # type: ignore[attr-defined]
        self.addCleanup(sender.transport.abortConnection)
        return sender, reader

    def test_the_newest_arrive(self) -> Deferred[None]:
        """Of 20 MB that nobody read, the first few and the newest come, in order; all between were dropped."""

        async def run() -> None:
            sender, reader = await self.connection()
            make_prompt(sender.transport)
            transport: Any = sender.transport
            paced = Paced(reactor, transport.write, lambda: None)
            transport.registerProducer(paced, True)
            number = 0
            for _ in range(20):
                for _ in range(1000):
                    paced.send(1, number.to_bytes(4, "big") * (SIZE // 4))
                    number += 1
                await deferLater(reactor, 0.001, lambda: None)
            dropped = paced.queue.dropped
            got = await self.read(reader, lambda: len(paced.queue) == 0)
            numbers = [int.from_bytes(got[at : at + 4], "big") for at in range(0, len(got) - SIZE + 1, SIZE)]
            self.assertEqual(sorted(numbers), numbers)
            self.assertEqual(number - 1, numbers[-1])
            waited = QUEUE_BYTES // SIZE
            self.assertEqual(list(range(number - waited, number)), numbers[-waited:])
            self.assertGreater(dropped, number / 2)
            # What the kernel had taken: its unsent bytes, both ends' buffers of a tiny window, and what is on its way.
            self.assertLess((len(numbers) - waited) * SIZE, 2 * (UNSENT + BUFFER) + 256 * 1024)

        return Deferred.fromCoroutine(run())

    async def read(self, reader: socket.socket, done: Any) -> bytes:
        """All that comes, until nothing more does."""
        got, quiet = bytearray(), time.monotonic()
        while time.monotonic() < quiet + 0.2 or not done():
            try:
                data = reader.recv(65536)
                got += data
                quiet = time.monotonic()
            except BlockingIOError:
                await deferLater(reactor, 0.001, lambda: None)
        return bytes(got)

    def test_short_buffers(self) -> Deferred[None]:
        """The kernel's and Twisted's buffers are set, and a transport that has none is left alone."""

        async def run() -> None:
            sender, _ = await self.connection()
            transport: Any = sender.transport
            make_prompt(transport)
            handle = transport.getHandle()
            self.assertEqual(BUFFER, transport.bufferSize)
            self.assertEqual(UNSENT, handle.getsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT))
            self.assertTrue(handle.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            make_prompt(object())

        return Deferred.fromCoroutine(run())
