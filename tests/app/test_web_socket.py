"""The WebSocket of the page: who gets in, what is said there, and when it is closed."""

from __future__ import annotations

import json
from typing import Any, cast

from autobahn.twisted.websocket import WebSocketClientFactory
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.task import Clock
from twisted.logger import ILogObserver, globalLogPublisher
from twisted.python.failure import Failure

from lanrage.app.web_login import LOOK_SECONDS, WebLogin
from lanrage.app.web_socket import SESSION_ENDED
from lanrage.core.web_sessions import LONGEST_SECONDS, USE_SECONDS
from lanrage.wire.local import CALL_LIMIT
from tests.api_case import RawClient
from tests.fakes_logs import filled, record
from tests.web_case import USER, Got, WebCase, reactor, shown


class SocketTests(WebCase):
    """Over real connections."""

    async def connect(self, token: str, protocols: list[str] | None = None, **more: Any) -> RawClient:
        """A client, perhaps refused: `opened` tells."""
        shown_by = ["lanrage.v1", f"token.{token}"] if protocols is None else protocols
        url = f"ws://{more.pop('host', self.host)}/api/v1/socket"
        factory = WebSocketClientFactory(url, protocols=shown_by, reactor=reactor, **more)
        factory.protocol = RawClient
        client = cast(RawClient, await TCP4ClientEndpoint(reactor, "127.0.0.1", self.port).connect(factory))
        self.addCleanup(self.drop, client)
        return client

    async def opened(self, token: str) -> RawClient:
        """A client past its handshake."""
        client = await self.connect(token, origin=f"http://{self.host}")
        await client.opened
        return client

    async def drop(self, client: RawClient) -> None:
        """End a client whatever its state."""
        if not client.lost.called:
            client.transport.abortConnection()
            await client.lost

    async def refused(self, token: str, protocols: list[str] | None = None, **more: Any) -> str:
        """The status line by which nobody got in."""
        client = await self.connect(token, protocols, **more)
        await client.lost
        self.assertFalse(client.opened.called)
        return str(client.http_status_line)

    def test_calls_and_watches(self) -> Deferred[None]:
        """The messages of the local API, by the subprotocol of that name; the node knows whose page it is."""

        async def life() -> None:
            client = await self.opened(await self.log_in())
            self.assertEqual("lanrage.v1", client.websocket_protocol_in_use)
            told = json.loads(await client.ask(b'{"id": 1, "op": "servers.launch", "args": {"server": "Ben:1"}}'))
            self.assertEqual((1, True), (told["id"], "result" in told))
            self.assertEqual(("launch_server", "Ben:1", False, USER), self.node.calls[-1])
            event = json.loads(await client.ask(b'{"id": 2, "op": "status", "watch": true}'))
            self.assertEqual((2, "0.1.0"), (event["id"], event["event"]["version"]))
            told = json.loads(await client.ask(b'{"id": 3, "op": "web.open"}'))
            self.assertEqual("not_allowed", told["error"]["code"])

        return self.run_async(life())

    def test_long_answers(self) -> Deferred[None]:
        """An answer, and a state of what is watched, may be longer than any call."""

        async def life() -> None:
            before = type(self.node).log_ring
            self.addCleanup(setattr, type(self.node), "log_ring", before)
            type(self.node).log_ring = filled(*(record(f"{number} " + "x" * 1000) for number in range(400)))
            client = await self.opened(await self.log_in())
            for number, field in ((1, "result"), (2, "event")):
                call = {"id": number, "op": "logs.show", "args": {"limit": 400}, "watch": field == "event"}
                told = await client.ask(json.dumps(call).encode())
                self.assertGreater(len(told), 4 * CALL_LIMIT)
                self.assertEqual(400, len(json.loads(told)[field]["records"]))

        return self.run_async(life())

    def test_origin_and_rebinding(self) -> Deferred[None]:
        """A page of another origin does not get in, though it has a token; nor does another name."""

        async def life() -> None:
            token = await self.log_in()
            for origin in ("http://evil.example", "http://127.0.0.1:1", "null", f"https://{self.host}"):
                self.assertIn("403", await self.refused(token, origin=origin))
            for host in (f"evil.example:{self.port}", "127.0.0.1:1"):
                self.assertIn("403", await self.refused(token, host=host, origin=f"http://{host}"))
            self.assertIn("403", await self.refused(token, headers={"Sec-Fetch-Site": "cross-site"}))

        return self.run_async(life())

    def test_token(self) -> Deferred[None]:
        """None, a wrong one, one without our protocol, one that has ended."""

        async def life() -> None:
            token = await self.log_in()
            for protocols in (
                ["lanrage.v1"],
                [f"token.{token}"],
                ["lanrage.v1", f"token.{token[::-1]}"],
                ["lanrage.v1", token],
            ):
                self.assertIn("401", await self.refused("", protocols))
            await self.ask("DELETE /api/v1/session", shown(token))
            self.assertIn("401", await self.refused(token))
            self.assertEqual([], self.node.calls)

        return self.run_async(life())

    def test_token_that_ends(self) -> Deferred[None]:
        """Logging out closes the connections of that session with the word for it, and no others."""

        async def life() -> None:
            first, second = await self.log_in(), await self.log_in()
            mine, other = await self.opened(first), await self.opened(second)
            await self.ask("DELETE /api/v1/session", shown(first))
            await mine.lost
            self.assertEqual(SESSION_ENDED, mine.close_code)
            self.assertIn("result", json.loads(await other.ask(b'{"id": 1, "op": "status"}')))

        return self.run_async(life())

    def test_slow_reader(self) -> Deferred[None]:
        """A page that does not read is not listened to, so that its answers do not pile up; later all goes on."""

        async def life() -> None:
            client = await self.opened(await self.log_in())
            await client.ask(b'{"id": 1, "op": "status"}')
            (connection,) = self.service._socket.connections
            conversation = connection._conversation
            assert conversation is not None
            conversation.pauseProducing()
            self.assertNotIn(connection.transport.transport, reactor.getReaders())
            client.sendMessage(b'{"id": 2, "op": "status"}')
            conversation.resumeProducing()
            self.assertEqual(2, json.loads(await client.next())["id"])

        return self.run_async(life())

    def test_no_handshake(self) -> Deferred[None]:
        """What asks for an upgrade and is no WebSocket gets a short answer, without Autobahn's words."""

        async def life() -> None:
            for headers in (("Upgrade: websocket",), ("Upgrade: h2c", "Connection: Upgrade"), ("Upgrade: x\x0by",)):
                got = await self.ask("GET /api/v1/socket", *headers)
                self.assertEqual((400, "bad_request"), (got.status, got.json["code"]))
                self.assertIn("content-security-policy", got.headers)
            plain: Got = await self.ask("GET /api/v1/socket")
            self.assertEqual(401, plain.status)

        return self.run_async(life())

    def test_stop(self) -> Deferred[None]:
        """The node says goodbye; nothing is left open."""

        async def life() -> None:
            client = await self.opened(await self.log_in())
            await client.ask(b'{"id": 1, "op": "status", "watch": true}')
            await self.service.stopService()
            await client.lost
            self.assertEqual(1001, client.close_code)
            self.assertEqual(0, len(self.calls.watching))

        return self.run_async(life())

    def test_no_token_in_the_log(self) -> Deferred[None]:
        """Neither codes nor tokens, whatever is asked by them, at any level."""
        events: list[str] = []

        def note(event: Any) -> None:
            if "ClientProtocol" not in event.get("log_namespace", ""):  # the browser's side, here in one process
                events.append(repr(event))

        observer = cast(ILogObserver, note)
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)

        async def life() -> None:
            code = self.code()
            body = json.dumps({"code": code}).encode()
            token = (await self.ask("POST /api/v1/session", "Content-Type: application/json", body=body)).json["token"]
            await self.ask("POST /api/v1/session", "Content-Type: application/json", body=body)
            await self.ask(f"GET /api/v1/status?x={token}", shown(token))
            await self.opened(token)
            await self.refused(token, origin="http://evil.example")
            await self.ask("DELETE /api/v1/session", shown(token))
            await self.refused(token)
            seen = [each for each in events if code in each or token in each]
            self.assertEqual([], seen)
            self.assertTrue(any("logged in" in each for each in events))

        return self.run_async(life())


class LoginTests(WebCase):
    """:class:`WebLogin` in time."""

    def test_token_that_nobody_uses(self) -> None:
        """An open connection is a use; without one a session ends, and its connection is told at the next look."""
        clock = Clock()
        numbers = iter(i % 251 for i in range(10_000))
        login = WebLogin(clock, lambda size: bytes(next(numbers) for _ in range(size)))
        ended: list[str] = []
        busy = login.find(login.log_in(login.offer(1))[0])
        token, lasts = login.log_in(login.offer(1))
        idle = login.find(token)
        assert busy is not None
        assert idle is not None
        self.assertEqual(USE_SECONDS, lasts)
        login.opened(busy, lambda: ended.append("busy"))
        closed = login.opened(idle, lambda: ended.append("idle"))
        closed()
        clock.pump([LOOK_SECONDS] * int(USE_SECONDS / LOOK_SECONDS + 1))
        self.assertEqual((True, False, []), (login.holds(busy), login.holds(idle), ended))
        clock.pump([LOOK_SECONDS] * int(LONGEST_SECONDS / LOOK_SECONDS))
        self.assertEqual((False, ["busy"]), (login.holds(busy), ended))
        self.assertEqual([], clock.getDelayedCalls())
        self.assertEqual([], self.flushLoggedErrors(Failure))
