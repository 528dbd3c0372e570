"""What bounds a browser's requests: bodies, heads, slow senders, connections."""

from __future__ import annotations

import socket
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.internet.threads import deferToThread
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.web_door import Door
from lanrage.core.web_places import DEFAULT_LIMITS
from lanrage.net.web_answer import CHUNK
from lanrage.net.web_port import (
    ANSWER_SECONDS,
    BODY_LIMIT,
    IDLE_SECONDS,
    REQUEST_SECONDS,
    STRANGER_SECONDS,
    WebFactory,
)
from lanrage.wire.web import GUARDS, Asked, Reply
from tests.web_case import PATIENCE, Got, WebCase, exchange, shown


class LimitTests(WebCase):
    """Over real connections."""

    def test_large_bodies(self) -> Deferred[None]:
        """Too long by its own word: refused before a byte of it is read; of unknown length: likewise."""

        async def life() -> None:
            token = shown(await self.log_in())
            for header, status in ((f"Content-Length: {BODY_LIMIT + 1}", 413), ("Transfer-Encoding: chunked", 411)):
                wire = self.head("POST /api/v1/party/rename", token, "Expect: 100-continue", header)
                answer = await deferToThread(exchange, self.port, wire)
                self.assertNotIn(b"100 Continue", answer)
                got = Got.of(answer)
                self.assertEqual(status, got.status)
                self.assertIn("content-security-policy", got.headers)
            full = b'{"name": "' + b"x" * (BODY_LIMIT - 12) + b'"}'
            got = await self.ask("POST /api/v1/party/rename", token, "Content-Type: application/json", body=full)
            self.assertEqual((400, "name"), (got.status, got.json["field"]))

        return self.run_async(life())

    def test_lengths_that_are_none(self) -> Deferred[None]:
        """More digits than a number may have, a sign, two of them: refused, and no error of ours in the log."""

        async def life() -> None:
            for length, status in (("9" * 5000, 413), ("9" * 4000, 413), ("+2", 400), ("-2", 400), ("2, 2", 400)):
                wire = self.head("POST /api/v1/status", f"Content-Length: {length}")
                got = Got.of(await deferToThread(exchange, self.port, wire))
                self.assertEqual((status, GUARDS["Server"]), (got.status, got.headers["server"]))
            self.assertEqual([], self.flushLoggedErrors())

        return self.run_async(life())

    def test_large_heads(self) -> Deferred[None]:
        """Long lines, many headers, and no HTTP at all: one short answer, and the end."""

        async def life() -> None:
            for wire in (
                self.head(f"GET /{'x' * 20_000}"),
                self.head("GET /", *(f"X-{number}: x" for number in range(100))),
                self.head("GET /", f"Cookie: {'x' * 20_000}"),
                self.head("GET /", "no header"),
                b"\x16\x03\x01\x02\x00\r\n\r\n",
            ):
                got = Got.of(await deferToThread(exchange, self.port, wire))
                self.assertIn(got.status, (400, 0))
                self.assertNotIn("twisted", str(got.headers).lower())

        return self.run_async(life())

    def silent(self, count: int, *, other: bool = False) -> list[socket.socket]:
        """Connections that say nothing."""
        made = []
        for _ in range(count):
            wire = socket.socket()
            self.addCleanup(wire.close)
            wire.settimeout(PATIENCE)
            wire.bind(("127.0.0.1", 0))
            if other:
                self.others.add(wire.getsockname()[1])
            wire.connect(("127.0.0.1", self.port))
            made.append(wire)
        return made

    def test_nobody_takes_all_connections(self) -> Deferred[None]:
        """Another user who opens as many as he likes keeps out neither who logs in now nor whose page is open."""

        async def life() -> None:
            token = shown(await self.log_in())
            kept = self.silent(1)[0]
            asking = self.head("GET /api/v1/status", token).replace(b"Connection: close\r\n", b"")
            await deferToThread(kept.sendall, asking)
            self.assertIn(b"200 OK", await deferToThread(kept.recv, 65536))
            for _ in range(3):
                self.silent(2 * DEFAULT_LIMITS.strangers, other=True)
                self.assertEqual(200, (await self.ask("GET /api/v1/openapi.json")).status)
                self.assertEqual(200, (await self.ask("GET /api/v1/status", shown(await self.log_in()))).status)
            await deferToThread(kept.sendall, asking)
            self.assertIn(b"200 OK", await deferToThread(kept.recv, 65536))

        return self.run_async(life())

    def test_share_of_a_user(self) -> Deferred[None]:
        """Who is logged in has so many connections, and is told where they are all taken, by either way."""

        async def life() -> None:
            token = await self.log_in()
            asking = self.head("GET /api/v1/status", shown(token)).replace(b"Connection: close\r\n", b"")
            for _ in range(DEFAULT_LIMITS.of_user):
                each = self.silent(1)[0]
                await deferToThread(each.sendall, asking)
                self.assertIn(b"200 OK", await deferToThread(each.recv, 65536))
            got = await self.ask("GET /api/v1/status", shown(token))
            self.assertEqual((429, "busy"), (got.status, got.json["code"]))
            upgrade = ("Upgrade: websocket", f"Sec-WebSocket-Protocol: lanrage.v1, token.{token}")
            got = await self.ask("GET /api/v1/socket", *upgrade)
            self.assertEqual((429, "busy"), (got.status, got.json["code"]))
            self.assertEqual(200, (await self.ask("GET /api/v1/status", shown(await self.log_in(4321)))).status)

        return self.run_async(life())

    def test_stop_ends_all(self) -> Deferred[None]:
        """Those that say nothing, too."""

        async def life() -> None:
            silent = self.silent(DEFAULT_LIMITS.strangers)
            await self.ask("GET /api/v1/openapi.json")
            await self.service.stopService()
            self.assertEqual([True] * len(silent), [await deferToThread(_ended, each) for each in silent])

        return self.run_async(life())


def _ended(wire: socket.socket) -> bool:
    """Whether the other end is gone; blocks."""
    try:
        return wire.recv(1) == b""
    except ConnectionResetError:
        return True


TOKEN = "t" * 43
"""One that counts."""


class _Nothing(Factory):
    """Makes no WebSocket."""

    protocol = Protocol


class _Wire(StringTransport):
    """A connection in memory that notes that it was cut."""

    def log_in(self, user: int) -> bool:
        """There is room for everybody here."""
        return user == 7

    def setTcpNoDelay(self, on: bool) -> None:
        """TCP's own."""

    def write(self, data: bytes) -> None:
        """As TCP does it: enough is enough."""
        super().write(data)
        if len(data) >= CHUNK and self.producer is not None:
            self.producer.pauseProducing()

    def abortConnection(self) -> None:
        """Cut."""
        self.cut = True
        self.protocol.connectionLost(Failure(ConnectionDone()))

    protocol: Any = None
    cut = False


class SlowTests(SynchronousTestCase):
    """By a clock of the test's own."""

    def setUp(self) -> None:
        """A door at a port."""
        self.clock = Clock()
        self.asked: list[Asked] = []
        self.answers: list[Deferred[Reply]] = []
        self.factory = WebFactory(self.clock, self.answer, _Nothing(), {TOKEN: 7}.get)
        self.factory.door = Door.at("127.0.0.1", 7767)

    def answer(self, asked: Asked, finished: Deferred[Any]) -> Any:
        """Answers when the test does."""
        self.asked.append(asked)
        self.answers.append(Deferred())

        async def later() -> Reply:
            return await self.answers[-1]

        return later()

    def connect(self) -> _Wire:
        """A new connection."""
        wire = _Wire()
        wire.protocol = self.factory.buildProtocol(None)
        wire.protocol.makeConnection(wire)
        return wire

    def test_slow_head(self) -> None:
        """A head that comes byte by byte is not waited for; nor is one line without an end."""
        for text in (b"GET / HTTP/1.1\r\nHost: 127.0.0.1:7767\r\n" * 1, b"GET /" + b"x" * 40):
            wire = self.connect()
            for place in range(len(text)):
                if wire.cut:
                    break
                wire.protocol.dataReceived(text[place : place + 1])
                self.clock.advance(1)
            self.assertTrue(wire.cut)
        self.assertEqual(([], []), (self.asked, self.clock.getDelayedCalls()))

    def test_slow_body(self) -> None:
        """The body has as long as the rest of the request."""
        wire = self.connect()
        wire.protocol.dataReceived(b"POST / HTTP/1.1\r\nHost: 127.0.0.1:7767\r\nContent-Length: 100\r\n\r\n")
        for _ in range(int(REQUEST_SECONDS) - 1):
            self.clock.advance(1)
            wire.protocol.dataReceived(b"x")
        self.assertFalse(wire.cut)
        self.clock.advance(1)
        self.assertTrue(wire.cut)
        self.assertEqual(([], []), (self.asked, self.clock.getDelayedCalls()))

    def test_idle_and_next(self) -> None:
        """A long operation is waited for; the connection serves again, and is closed when nothing more comes."""
        wire = self.connect()
        wire.protocol.dataReceived(b"GET /a HTTP/1.1\r\nHost: 127.0.0.1:7767\r\n\r\n")
        self.clock.pump([100.0] * 10)
        self.assertFalse(wire.cut)
        self.answers[0].callback(Reply(200, "text/plain", b"first"))
        wire.protocol.dataReceived(b"GET /b HTTP/1.1\r\nHost: 127.0.0.1:7767\r\n\r\n")
        self.answers[1].callback(Reply(200, "text/plain", b"second"))
        self.assertEqual(["/a", "/b"], [each.path for each in self.asked])
        self.assertTrue(wire.value().endswith(b"second"))
        self.clock.advance(STRANGER_SECONDS - 1)
        self.assertFalse(wire.cut)
        self.clock.advance(1)
        self.assertTrue(wire.cut)
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_idle_with_a_token(self) -> None:
        """Who showed a token that counts has longer; a wrong one makes no difference."""
        for token, seconds in ((TOKEN, IDLE_SECONDS), (TOKEN[::-1].upper(), STRANGER_SECONDS)):
            wire = self.connect()
            head = f"GET /a HTTP/1.1\r\nHost: 127.0.0.1:7767\r\nAuthorization: Bearer {token}\r\n\r\n"
            wire.protocol.dataReceived(head.encode())
            self.answers[-1].callback(Reply(200, "text/plain", b"there"))
            self.clock.advance(seconds - 1)
            self.assertFalse(wire.cut)
            self.clock.advance(1)
            self.assertTrue(wire.cut)

    def test_slow_reader(self) -> None:
        """A large answer is handed out as it is read, and not waited for without end."""
        wire = self.connect()
        wire.protocol.dataReceived(b"GET /large HTTP/1.1\r\nHost: 127.0.0.1:7767\r\n\r\n")
        self.answers[0].callback(Reply(200, "text/plain", b"*" * 1_000_000))
        self.assertLess(len(wire.value()), 200_000)
        assert wire.producer is not None
        wire.producer.resumeProducing()
        self.assertEqual(2 * CHUNK, wire.value().count(b"*"))
        self.clock.advance(ANSWER_SECONDS - 1)
        self.assertFalse(wire.cut)
        self.clock.advance(1)
        self.assertTrue(wire.cut)
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_gone_meanwhile(self) -> None:
        """Nobody waits for the answer any more: nothing is written, nothing is logged as an error."""
        wire = self.connect()
        wire.protocol.dataReceived(b"GET / HTTP/1.1\r\nHost: 127.0.0.1:7767\r\n\r\n")
        wire.protocol.connectionLost(Failure(ConnectionDone()))
        self.answers[0].callback(Reply(200, "text/plain", b"late"))
        self.assertEqual((b"", []), (wire.value(), self.clock.getDelayedCalls()))
