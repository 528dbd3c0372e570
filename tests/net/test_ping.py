"""Pings and TCP connections, on loopback."""

from __future__ import annotations

import socket
from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.protocol import Factory, Protocol
from twisted.trial.unittest import TestCase

from lanrage.errors import MissingRight, Unreachable
from lanrage.net.connect_time import connect_time
from lanrage.net.ping import Pinger

reactor: Any = _reactor
WAIT = 60.0
"""Seconds for what takes none on an idle machine."""


class Deaf(Pinger):
    """Hears no answer."""

    def _read_one(self, opened: socket.socket) -> None:
        opened.recv(1)


class TestPinger(TestCase):
    """This machine answers itself."""

    def pinger(self, **how: Any) -> Pinger:
        """One that is stopped afterwards; the test is skipped where it may not ping."""
        made = Pinger(reactor, **how)
        self.addCleanup(made.stop)
        return made

    async def asked(self, pinger: Pinger) -> float:
        """One round trip."""
        try:
            return await pinger.ask("127.0.0.1", WAIT)
        except MissingRight as error:
            self.skipTest(str(error))

    async def test_answer(self) -> None:
        """Two at once, each with its own answer."""
        pinger = self.pinger()
        await self.asked(pinger)
        for asking in [pinger.ask("127.0.0.1", WAIT), pinger.ask("127.0.0.2", WAIT)]:
            self.assertTrue(0.0 <= await asking < WAIT)
        self.assertEqual({}, pinger._asked)

    async def test_source(self) -> None:
        """It leaves from the address that it shall; from one that is not ours it does not leave."""
        pinger = self.pinger()
        await self.asked(pinger)
        self.assertTrue(0.0 <= await pinger.ask("127.0.0.1", WAIT, "127.0.0.9") < WAIT)
        with self.assertRaises(Unreachable):
            await pinger.ask("127.0.0.1", WAIT, "192.0.2.1")

    async def test_size(self) -> None:
        """A large packet comes back; one larger than an IP packet can be does not leave."""
        pinger = self.pinger()
        await self.asked(pinger)
        self.assertTrue(0.0 <= await pinger.ask("127.0.0.1", WAIT, size=1280) < WAIT)
        with self.assertRaises(Unreachable):
            await pinger.ask("127.0.0.1", WAIT, size=70_000)

    async def test_raw(self) -> None:
        """By a raw socket likewise."""
        self.assertTrue(0.0 <= await self.asked(self.pinger(kinds=(socket.SOCK_RAW,))) < WAIT)

    async def test_no_answer(self) -> None:
        """Silence is told after the timeout, and so is the end of it all."""
        pinger = self.pinger()
        await self.asked(pinger)
        waiting = pinger.ask("127.0.0.1", WAIT)
        pinger.stop()
        with self.assertRaises(Unreachable):
            await waiting
        deaf = Deaf(reactor)
        self.addCleanup(deaf.stop)
        with self.assertRaisesRegex(Unreachable, "did not answer a ping within 0.05 s"):
            await deaf.ask("127.0.0.1", 0.05)
        self.assertEqual({}, deaf._asked)

    async def test_no_right(self) -> None:
        """Is told each time, and no socket is open then."""
        pinger = Pinger(reactor, kinds=())
        for _ in range(2):
            with self.assertRaisesRegex(MissingRight, "CAP_NET_RAW"):
                await pinger.ask("127.0.0.1", WAIT)
        self.assertEqual(-1, pinger.fileno())


class TestConnectTime(TestCase):
    """A TCP port on loopback."""

    async def test_taken_and_refused(self) -> None:
        """A port that takes connections answers; a refusal is an answer where that is enough."""
        port = reactor.listenTCP(0, Factory.forProtocol(Protocol), interface="127.0.0.1")
        number = port.getHost().port
        self.assertTrue(0.0 <= await connect_time(reactor, "127.0.0.1", number, WAIT, "127.0.0.1") < WAIT)
        await port.stopListening()
        self.assertTrue(0.0 <= await connect_time(reactor, "127.0.0.1", number, WAIT, refused=True) < WAIT)
        with self.assertRaisesRegex(Unreachable, "takes no connection"):
            await connect_time(reactor, "127.0.0.1", number, WAIT)

    async def test_silence(self) -> None:
        """Nobody answers in time."""
        with socket.socket() as full:
            full.bind(("127.0.0.1", 0))
            full.listen(0)
            others = [socket.socket() for _ in range(4)]
            for each in others:  # the queue is full, so the kernel answers no more
                each.setblocking(False)
                each.connect_ex(full.getsockname())
            with self.assertRaisesRegex(Unreachable, "does not answer"):
                await connect_time(reactor, "127.0.0.1", full.getsockname()[1], 0.2)
            for each in others:
                each.close()
