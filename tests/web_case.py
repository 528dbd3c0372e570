"""A gateway for browsers with a fake node behind a real loopback port, and what asks it anything."""

from __future__ import annotations

import json
import socket
from typing import Any

import attrs
from twisted.internet import reactor as installed_reactor
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from lanrage.app.api_calls import Calls
from lanrage.app.operations import OPERATIONS
from lanrage.app.web_service import WebService
from lanrage.core.settings_web import WebListen
from tests.fakes_node import FakeNode

reactor: Any = installed_reactor
PATIENCE = 60.0
USER = 1234
"""Whom the kernel vouched for."""
OTHER = 666
"""Another user of the machine."""
RESET = b"RESET"
ANYWHERE = WebListen("127.0.0.1", 0)


def exchange(port: int, *parts: bytes) -> bytes:
    """Send bytes and read all that comes until the other end closes; blocks."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as wire:
        answer = b""
        try:
            for part in parts:
                wire.sendall(part)
            while data := wire.recv(65536):
                answer += data
        except (ConnectionResetError, BrokenPipeError):
            answer += RESET
        return answer


@attrs.frozen
class Got:
    """An answer.

    :param status: 0 = the connection was cut.
    :param headers: by name in lower case.
    """

    status: int
    headers: dict[str, str]
    body: bytes

    @classmethod
    def of(cls, wire: bytes) -> Got:
        """Read the bytes of one."""
        head, _, body = wire.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        if not lines[0].startswith("HTTP/1.1 "):
            return cls(0, {}, wire)
        pairs = (line.partition(": ") for line in lines[1:])
        return cls(int(lines[0].split()[1]), {name.lower(): value for name, _, value in pairs}, body)

    @property
    def json(self) -> Any:
        """The body's value."""
        return json.loads(self.body)


class WebCase(TestCase):
    """A service at a port of its own.

    :ivar others: ports from which another user of the machine connects.
    """

    timeout = 120

    def setUp(self) -> Any:
        """Listen."""
        self.node = FakeNode()
        self.others: set[int] = set()
        self.service = self.serve()
        return self.service.started

    def serve(self, listen: WebListen | None = ANYWHERE) -> WebService:
        """A service that is stopped at the test's end."""
        self.calls = Calls(reactor, self.node)
        service = WebService(reactor, listen, self.calls, tuple(OPERATIONS.values()), who_is=self.who_is)
        service.startService()
        self.addCleanup(self._end, service)
        return service

    def who_is(self, peer: Any, _own: Any) -> int | None:
        """Which user opened a connection."""
        return OTHER if peer.port in self.others else USER

    def _end(self, service: WebService) -> Any:
        return service.stopService() if service.running else None

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.service.url.rpartition(":")[2].rstrip("/"))

    @property
    def host(self) -> str:
        """What ``Host`` must say."""
        return f"127.0.0.1:{self.port}"

    def head(self, line: str, *headers: str, host: str | None = None) -> bytes:
        """A request's head that ends its connection; an empty host leaves it out."""
        named = [f"Host: {self.host if host is None else host}"] if host != "" else []
        return "\r\n".join([f"{line} HTTP/1.1", *named, "Connection: close", *headers, "", ""]).encode("latin-1")

    async def ask(self, line: str, *headers: str, body: bytes = b"", host: str | None = None) -> Got:
        """Ask, over a connection of its own."""
        sized = (*headers, f"Content-Length: {len(body)}") if body else headers
        return Got.of(await deferToThread(exchange, self.port, self.head(line, *sized, host=host) + body))

    def code(self, user: int = USER) -> str:
        """A code by which a user may log in."""
        return self.service.open_for(user).url.partition("#login=")[2]

    async def log_in(self, user: int = USER) -> str:
        """A token."""
        body = json.dumps({"code": self.code(user)}).encode()
        got = await self.ask("POST /api/v1/session", "Content-Type: application/json", body=body)
        self.assertEqual(200, got.status)
        return str(got.json["token"])

    def run_async(self, work: Any) -> Deferred[Any]:
        """A coroutine as trial wants it."""
        return Deferred.fromCoroutine(work)


def shown(token: str) -> str:
    """The header that shows a token."""
    return f"Authorization: Bearer {token}"
