"""A local API with a fake node behind a real UNIX socket, and a client that sends it anything."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any, cast

from autobahn.twisted.websocket import WebSocketClientFactory, WebSocketClientProtocol
from twisted.internet import reactor as installed_reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import UNIXClientEndpoint
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase

from lanrage.app.api import ApiService
from tests.fakes_node import FakeNode

reactor: Any = installed_reactor


class RawClient(WebSocketClientProtocol):
    """Sends anything, keeps what comes."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: Deferred[None] = Deferred()
        self.lost: Deferred[None] = Deferred()
        self.got: list[bytes] = []
        self.waiting: Deferred[bytes] | None = None
        self.close_code: int | None = None

    def onOpen(self) -> None:
        """Autobahn: the handshake is done."""
        self.opened.callback(None)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        """Autobahn: a message."""
        if self.waiting is not None:
            waiting, self.waiting = self.waiting, None
            waiting.callback(payload)
        else:
            self.got.append(payload)

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        """Autobahn: closed."""
        self.close_code = code

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Twisted: gone."""
        super().connectionLost(reason)
        self.lost.callback(None)

    async def ask(self, text: bytes, binary: bool = False) -> bytes:
        """Send one message and wait for the next one."""
        self.sendMessage(text, binary)
        return await self.next()

    async def next(self) -> bytes:
        """The next message."""
        if self.got:
            return self.got.pop(0)
        self.waiting = Deferred()
        return await self.waiting.addTimeout(10, reactor)


class ApiCase(TestCase):
    """A service with a fake node in a folder of its own."""

    def setUp(self) -> None:
        """Listen."""
        self.folder = Path(tempfile.mkdtemp(prefix="lanrage-api-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.path = self.folder / "run" / "node.sock"
        self.node = FakeNode()
        self.service = self.serve()

    def serve(self, **more: Any) -> ApiService:
        """A service that is stopped at the test's end."""
        service = ApiService(reactor, self.path, self.node, **more)
        service.startService()
        self.addCleanup(service.stopService)
        return service

    async def connect(self, headers: dict[str, str] | None = None) -> RawClient:
        """A raw client, perhaps refused: `opened` tells."""
        factory = WebSocketClientFactory("ws://localhost/", headers=headers or {}, reactor=reactor)
        factory.protocol = RawClient
        client = cast(RawClient, await UNIXClientEndpoint(reactor, str(self.path)).connect(factory))
        self.addCleanup(self.drop, client)
        return client

    async def opened(self) -> RawClient:
        """A raw client past its handshake."""
        client = await self.connect()
        await client.opened
        return client

    async def drop(self, client: RawClient) -> None:
        """End a client whatever its state."""
        if not client.lost.called:
            client.transport.abortConnection()
            await client.lost
