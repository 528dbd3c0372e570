"""``/metrics`` over real HTTP: who is answered, with what, and that nothing stays open."""

from __future__ import annotations

import socket
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import SynchronousTestCase, TestCase

from lanrage.errors import BadInput
from lanrage.net.metrics_port import CONNECTIONS_LIMIT, MetricsPort, is_named_by_address

reactor: Any = _reactor
LOOPBACK = "tcp:0:interface=127.0.0.1"
PATIENCE = 60.0


def ask(port: int, asked: bytes) -> bytes:
    """Send bytes and read all that comes until the other end closes; blocks."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as wire:
        wire.sendall(asked)
        answer = b""
        try:
            while data := wire.recv(65536):
                answer += data
        except ConnectionResetError:
            answer += b"RESET"
        return answer


def request(*headers: str, line: str = "GET /metrics", host: str = "Host: 127.0.0.1:7768") -> bytes:
    """A request that ends its connection."""
    lines = [f"{line} HTTP/1.1", *([host] if host else []), "Connection: close", *headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


class PortCase(TestCase):
    """A port on loopback."""

    timeout = 120

    def setUp(self) -> Any:
        """Open it."""
        self.made = 0
        self.port = MetricsPort(reactor, self._text)
        self.addCleanup(lambda: Deferred.fromCoroutine(self.port.close()))
        return Deferred.fromCoroutine(self.port.open(LOOPBACK))

    def _text(self) -> tuple[str, bytes]:
        self.made += 1
        return "text/plain; version=0.0.4", b"lanrage_x 1\n"

    async def ask(self, wire: bytes) -> tuple[int, bytes, bytes]:
        """Status (0 = the connection was reset), headers in lower case, body."""
        answer = await deferToThread(ask, self.port.address.port, wire)
        if answer.endswith(b"RESET"):
            return 0, b"", b""
        head, _, body = answer.partition(b"\r\n\r\n")
        return int(head.split()[1]), head.lower(), body


class AnswerTests(PortCase):
    """What is answered."""

    def test_metrics(self) -> Deferred[None]:
        """The page, with its type; not to be kept, and without the name of a program's version."""

        async def life() -> None:
            code, head, body = await self.ask(request())
            self.assertEqual((200, b"lanrage_x 1\n"), (code, body))
            self.assertIn(b"content-type: text/plain; version=0.0.4", head)
            self.assertIn(b"cache-control: no-store", head)
            self.assertNotIn(b"twisted", head)
            code, head, body = await self.ask(request(line="HEAD /metrics"))
            self.assertEqual((200, b"", True), (code, body, b"content-length: 12" in head))

        return Deferred.fromCoroutine(life())

    def test_rebinding(self) -> Deferred[None]:
        """A page whose name was made to point here is not answered; nor is any other that a browser sends."""

        async def life() -> None:
            for host in ("Host: evil.example", "Host: evil.example:7768", "", "Host: 127.0.0.1.evil.example"):
                self.assertEqual(403, (await self.ask(request(host=host)))[0], host)
            self.assertEqual(403, (await self.ask(request("Host: evil.example")))[0])
            self.assertEqual(403, (await self.ask(request("Origin: http://evil.example")))[0])
            self.assertEqual(0, self.made)

        return Deferred.fromCoroutine(life())

    def test_anything_else(self) -> Deferred[None]:
        """Other pages and methods; a body is not even read."""

        async def life() -> None:
            codes = [(await self.ask(request(line=line)))[0] for line in ("GET /", "GET /metrics/x", "PUT /metrics")]
            self.assertEqual([404, 404, 405], codes)
            for header in ("Content-Length: 1000000000", "Transfer-Encoding: chunked"):
                self.assertEqual(0, (await self.ask(request(header, line="POST /metrics") + b"x"))[0])
            self.assertEqual(0, self.made)

        return Deferred.fromCoroutine(life())

    def test_few_connections(self) -> Deferred[None]:
        """No more than the limit at once; closing ends those that say nothing."""

        async def life() -> None:
            port = self.port.address.port
            silent = [socket.create_connection(("127.0.0.1", port), PATIENCE) for _ in range(CONNECTIONS_LIMIT)]
            for each in silent:
                self.addCleanup(each.close)
            self.assertEqual(b"", (await deferToThread(ask, port, request())).removesuffix(b"RESET"))
            await self.port.close()
            self.assertIsNone(self.port.address)
            ends = [await deferToThread(_end, each) for each in silent]
            self.assertEqual([True] * CONNECTIONS_LIMIT, ends)

        return Deferred.fromCoroutine(life())


def _end(wire: socket.socket) -> bool:
    """Whether the other end is gone; blocks."""
    try:
        return wire.recv(1) == b""
    except ConnectionResetError:
        return True


class OpenTests(TestCase):
    """Where it cannot listen."""

    def test_refusals(self) -> Deferred[None]:
        """One sentence by the option's name."""

        async def life() -> None:
            port = MetricsPort(reactor, lambda: ("", b""))
            with socket.create_server(("127.0.0.1", 0)) as taken:
                for listen in ("nothing:1", f"tcp:{taken.getsockname()[1]}:interface=127.0.0.1"):
                    with self.assertRaises(BadInput) as caught:
                        await port.open(listen)
                    self.assertEqual("metrics-listen", caught.exception.field)

        return Deferred.fromCoroutine(life())


class HostTests(SynchronousTestCase):
    """:func:`is_named_by_address`."""

    def test_examples(self) -> None:
        """Addresses and ``localhost`` alone, with or without a port."""
        good = ("127.0.0.1", "127.0.0.1:7768", "localhost", "LocalHost:1", "[::1]", "[::1]:7768", "::1", "192.0.2.7:1")
        bad = (
            "",
            "example.org",
            "localhost.example.org",
            "127.0.0.1.nip.io:80",
            "[::1",
            "[::1]x",
            "1.2.3.4%x",
            "x:1:2",
        )
        self.assertEqual([True] * len(good), [is_named_by_address(host) for host in good])
        self.assertEqual([False] * len(bad), [is_named_by_address(host) for host in bad])

    @given(st.from_regex(r"[a-z0-9-]{1,20}(\.[a-z0-9-]{1,20}){0,3}\.[a-z]{2,8}(:[0-9]{1,5})?", fullmatch=True))
    def test_names(self, host: str) -> None:
        """No name under a top-level domain of letters passes."""
        self.assertFalse(is_named_by_address(host))
