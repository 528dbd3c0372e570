"""The local API over real UNIX sockets: answers, refusals, who may speak, and one node at a socket."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import tempfile
from pathlib import Path
from typing import Any, cast

from autobahn.twisted.websocket import WebSocketClientFactory, WebSocketClientProtocol
from twisted.internet import reactor as installed_reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import UNIXClientEndpoint
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase

from lanrage.app import api
from lanrage.app.api import ApiService, kernel_credentials
from lanrage.app.client import NodeClient
from lanrage.errors import BadInput, Refused, StoreError
from lanrage.net.local_socket import PeerCredentials
from lanrage.wire.local import CALL_LIMIT
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


class AnswerTests(ApiCase):
    """One answer for each call, and the connection lives on."""

    async def test_a_call_and_its_result(self) -> None:
        """The result carries the call's id."""
        client = await self.opened()
        answer = await client.ask(b'{"id": 7, "op": "party.leave", "args": {}}')
        wanted = b'{"id":7,"error":{"code":"not_in_party","message":"this node is in no party"}}'
        self.assertEqual(answer, wanted)
        self.node.party = "Friday"
        answer = await client.ask(b'{"id": 8, "op": "party.leave", "correlation_id": "abc-1"}')
        self.assertEqual(answer, b'{"id":8,"result":{"party_id":"0123456789abcdef0123456789abcdef"}}')

    async def test_progress_comes_before_the_result(self) -> None:
        """A long operation tells its stages."""
        client = await self.opened()
        call = b'{"id":1,"op":"party.join","args":{"code":"LR1-x","member_name":"Ann"}}'
        self.assertEqual(await client.ask(call), b'{"id":1,"progress":"asking the control server"}')
        self.assertEqual(await client.next(), b'{"id":1,"progress":"making the card"}')
        self.assertIn(b'"result"', await client.next())

    async def test_each_wrong_message_gets_one_clear_error(self) -> None:
        """It names field and rule, carries the id where one was readable, and the same connection still works."""
        client = await self.opened()
        cases = [
            (
                b"{",
                b'{"id":null,"error":{"code":"bad_input","message":"message: must be JSON text","field":"message"}}',
            ),
            (
                b"[" * 5000,
                b'{"id":null,"error":{"code":"bad_input","message":"message: must be JSON text","field":"message"}}',
            ),
            (
                b'{"id":3,"op":"nope"}',
                b'{"id":3,"error":{"code":"bad_input","message":"op: \'nope\' is not known here; known are: '
                b'party.create, party.join, party.leave, party.show, party.invite, status, diagnose","field":"op"}}',
            ),
            (
                b'{"id":4,"op":"status","what":1}',
                b'{"id":4,"error":{"code":"bad_input","message":"message: \'what\' is not known here; known are: args, '
                b'correlation_id, id, op","field":"message"}}',
            ),
            (
                b'{"id":5,"op":"party.join","args":{"code":"LR1-x","member_name":""}}',
                b'{"id":5,"error":{"code":"bad_input","message":"member_name: must be 1 to 32 characters, '
                b'without control characters and without blanks at its ends","field":"member_name"}}',
            ),
        ]
        for call, answer in cases:
            self.assertEqual(await client.ask(call), answer)
        self.assertIn(b"must be text, not binary", await client.ask(b'{"id":1,"op":"status"}', binary=True))
        self.assertEqual(self.node.calls, [])
        self.assertIn(b'"state":"idle"', await client.ask(b'{"id":6,"op":"status"}'))

    async def test_a_bug_is_logged_and_told_without_its_traceback(self) -> None:
        """The user reads that the log says more; the log has the failure."""
        self.node.failures["status"] = ZeroDivisionError("secret detail")
        client = await self.opened()
        answer = await client.ask(b'{"id":1,"op":"status"}')
        self.assertEqual(
            answer,
            b'{"id":1,"error":{"code":"internal","message":"the node met an error of its own; its log says more"}}',
        )
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    async def test_a_result_that_is_no_json_is_a_bug_too(self) -> None:
        """The caller is told, not left waiting."""
        self.node.facts = cast(Any, object())
        client = await self.opened()
        self.assertIn(b'"internal"', await client.ask(b'{"id":1,"op":"diagnose"}'))
        self.assertEqual(len(self.flushLoggedErrors()), 1)

    async def test_an_id_in_use_and_too_many_calls(self) -> None:
        """A second call of an unanswered id is refused, and so are more calls than the backlog takes."""
        self.node.held = Deferred()
        client = await self.opened()
        call = b'{"id":%d,"op":"party.join","args":{"code":"LR1-x","member_name":"Ann"}}'
        for number in range(api.CALL_BACKLOG):
            await client.ask(call % number)
        self.assertIn(b"is that of an unanswered call", await client.ask(call % 0))
        self.assertIn(b'"code":"busy"', await client.ask(b'{"id":99,"op":"status"}'))
        self.node.held.callback(None)
        self.assertIn(b"making the card", await client.next())

    async def test_too_big_a_message_ends_the_connection(self) -> None:
        """No more than the limit is ever held in memory."""
        client = await self.opened()
        client.sendMessage(b'{"id":1,"op":"' + b"x" * CALL_LIMIT + b'"}')
        await client.lost
        self.assertEqual(client.close_code, 1009)
        self.assertIn(b'"state"', await (await self.opened()).ask(b'{"id":1,"op":"status"}'))

    async def test_no_bytes_kill_the_server(self) -> None:
        """A program that speaks no WebSocket is closed on, the next one is served."""
        for noise in (b"\x00\xff" * 300, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\r\n\r\n"):
            lost: Deferred[None] = Deferred()

            class Noise(Protocol):
                """Sends and waits for the end."""

                def connectionMade(self, noise: bytes = noise) -> None:
                    """Twisted: say it."""
                    transport: Any = self.transport
                    transport.write(noise)
                    transport.loseWriteConnection()

                def connectionLost(self, reason: Failure = connectionDone, lost: Deferred[None] = lost) -> None:
                    """Twisted: told."""
                    lost.callback(None)

            await UNIXClientEndpoint(reactor, str(self.path)).connect(Factory.forProtocol(Noise))
            await lost.addTimeout(10, reactor)
        self.assertIn(b'"state"', await (await self.opened()).ask(b'{"id":1,"op":"status"}'))


class WhoTests(ApiCase):
    """Who may speak."""

    async def refusal(self, headers: dict[str, str] | None = None) -> str:
        """Why the handshake failed."""
        client = await self.connect(headers)
        await client.lost
        self.assertFalse(client.opened.called)
        return str(client.wasNotCleanReason)

    async def test_modes(self) -> None:
        """Others reach neither socket nor folder."""
        self.assertEqual(stat.S_IMODE(self.path.stat().st_mode), 0o660)
        self.assertEqual(stat.S_IMODE(self.path.parent.stat().st_mode), 0o750)

    async def test_a_browser_is_refused(self) -> None:
        """Any Origin is one too many, the socket's own host included."""
        for origin in ("http://localhost", "https://evil.example", "null"):
            self.assertIn(
                "browsers may not speak to this socket" if origin != "null" else "",
                await self.refusal({"Origin": origin}),
            )

    async def test_a_stranger_is_refused_and_a_group_member_not(self) -> None:
        """The kernel's word decides: root, own user, member of the socket's group."""
        await self.service.stopService()
        group, owner = os.getegid() + 1, os.geteuid()
        asking = [PeerCredentials(1, owner + 1, frozenset((group,)))]
        self.serve(credentials=lambda _: asking[0])
        self.assertIn("403", await self.refusal())
        for friend in (
            PeerCredentials(1, 0, frozenset()),
            PeerCredentials(1, owner, frozenset()),
            PeerCredentials(1, owner + 1, frozenset((self.path.stat().st_gid,))),
        ):
            asking[0] = friend
            await self.opened()

    async def test_the_kernel_tells_who_we_are(self) -> None:
        """The credentials of a connection from this process are its own."""
        seen: list[PeerCredentials] = []

        def look(transport: Any) -> PeerCredentials:
            seen.append(kernel_credentials(transport))
            return seen[-1]

        await self.service.stopService()
        self.serve(credentials=look)
        await self.opened()
        self.assertEqual(seen, [PeerCredentials(os.getpid(), os.geteuid(), frozenset((os.getegid(), *os.getgroups())))])


class LifeTests(ApiCase):
    """One node at a socket, and nothing left after it."""

    def test_a_second_node_is_refused(self) -> None:
        """The first one goes on."""
        with self.assertRaises(Refused) as caught:
            self.serve()
        self.assertEqual(caught.exception.code, "node_running")
        self.assertIn("a node is running already in", str(caught.exception))
        self.assertTrue(self.path.is_socket())

    async def test_the_socket_of_a_dead_node_is_replaced(self) -> None:
        """As after kill -9: the file is there, nobody holds its lock."""
        await self.service.stopService()
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(self.path))
        self.serve()
        self.assertIn(b'"state"', await (await self.opened()).ask(b'{"id":1,"op":"status"}'))

    async def test_what_is_not_ours_is_left_alone(self) -> None:
        """A file of another kind, or a foreign listener, is never removed; and the folder's lock is let go."""
        await self.service.stopService()
        self.path.write_text("precious")
        for _ in range(2):
            self.assertRaises(BadInput, self.serve)
        self.assertEqual(self.path.read_text(), "precious")
        self.path.unlink()
        with socket.socket(socket.AF_UNIX) as foreign:
            foreign.bind(str(self.path))
            foreign.listen()
            self.assertRaises(Refused, self.serve)
        self.assertTrue(self.path.is_socket())

    async def test_paths_that_cannot_be(self) -> None:
        """Too long a path and a folder that cannot be made are one sentence each."""
        long = ApiService(reactor, self.folder / ("x" * 120), self.node)
        self.assertIn("has 1 to 107 bytes", str(self.assertRaises(BadInput, long.startService)))
        (self.folder / "file").write_text("")
        blocked = ApiService(reactor, self.folder / "file" / "node.sock", self.node)
        self.assertIn("cannot be made", str(self.assertRaises(StoreError, blocked.startService)))

    async def test_stopping_ends_everything(self) -> None:
        """Calls in flight are cancelled and told so, connections closed, the socket gone."""
        self.node.held = Deferred()
        client = await self.opened()
        waiting = await self.connect()
        await client.ask(b'{"id":1,"op":"party.join","args":{"code":"LR1-x","member_name":"Ann"}}')
        await self.service.stopService()
        self.assertIn(b'"code":"stopping"', await client.next())
        await client.lost
        await waiting.lost
        self.assertEqual(client.close_code, 1000)
        self.assertFalse(self.path.exists())
        self.assertEqual(list(self.path.parent.iterdir()), [])

    async def test_an_operation_outlives_its_client(self) -> None:
        """Who goes away in the middle of a join finds it done afterwards."""
        self.node.held = Deferred()
        client = await self.opened()
        await client.ask(b'{"id":1,"op":"party.join","args":{"code":"LR1-x","member_name":"Ann"}}')
        await self.drop(client)
        self.node.held.callback(None)
        async with NodeClient(reactor, self.path) as node:
            self.assertEqual((await node.call("status"))["state"], "in-party")
