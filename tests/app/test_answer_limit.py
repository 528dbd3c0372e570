"""An answer that no client would take becomes an error that says so, by every face; the connection lives on."""

from __future__ import annotations

import json
from typing import Any, cast

import msgspec
from autobahn.twisted.websocket import WebSocketClientFactory
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.client import NodeClient
from lanrage.errors import Refused
from lanrage.wire.local import ANSWER_LIMIT, RESULT_LIMIT, Answer, encode, encode_result
from tests.api_case import ApiCase, RawClient
from tests.fakes_logs import filled, record
from tests.fakes_node import FakeNode
from tests.web_case import WebCase, reactor, shown

LARGE = {"subsystem": "party"}
"""Arguments of ``logs.show`` whose answer is too large here."""
SMALL = {"subsystem": "games"}


def tell_much(case: SynchronousTestCase, node: FakeNode) -> None:
    """Let a node's log have more than fits into one answer."""
    before = type(node).log_ring
    case.addCleanup(setattr, type(node), "log_ring", before)
    type(node).log_ring = filled(record("x" * ANSWER_LIMIT), record("short", subsystem="games"))


class EncodeTests(SynchronousTestCase):
    """:func:`encode_result`."""

    def test_fits(self) -> None:
        """The largest result fits into an answer with the largest number."""
        text = "x" * (RESULT_LIMIT - 2)
        result = encode_result("logs.show", text)
        self.assertEqual(text, msgspec.json.decode(result))
        for answer in (Answer(2**53, result=result), Answer(2**53, event=result)):
            self.assertLessEqual(len(encode(answer)), ANSWER_LIMIT)

    def test_one_byte_more(self) -> None:
        """Is refused, by the name of the operation, with the size and the limit."""
        refused = self.assertRaises(Refused, encode_result, "logs.show", "x" * (RESULT_LIMIT - 1))
        self.assertEqual("answer_too_large", refused.code)
        for word in ("logs.show ", str(RESULT_LIMIT), str(RESULT_LIMIT + 1)):
            self.assertIn(word, str(refused))


class SocketTests(ApiCase):
    """Over the UNIX socket, by the client that programs use."""

    def test_call_and_watch(self) -> Deferred[None]:
        """Refused with the operation's name; a smaller answer comes over the same connection."""

        async def life() -> None:
            tell_much(self, self.node)
            async with NodeClient(reactor, self.path) as client:
                for _ in range(2):
                    await self._refused(client.call("logs.show", LARGE))
                watched = client.watch("logs.show", LARGE)
                await self._refused(anext(watched))
                self.assertEqual(1, len((await client.call("logs.show", SMALL))["records"]))
                self.assertEqual(0, len(self.service.calls.watching))

        return Deferred.fromCoroutine(life())

    async def _refused(self, asking: Any) -> None:
        try:
            await asking
        except Refused as error:
            self.assertEqual("answer_too_large", error.code)
            self.assertIn("logs.show", str(error))
            return
        raise AssertionError("nothing was refused")


class PageTests(WebCase):
    """Over HTTP and the page's WebSocket."""

    def test_http(self) -> Deferred[None]:
        """A problem, by GET and POST."""

        async def life() -> None:
            tell_much(self, self.node)
            token = shown(await self.log_in())
            got = await self.ask("GET /api/v1/logs/show?subsystem=party", token)
            self.assertEqual((500, "answer_too_large"), (got.status, got.json["code"]))
            self.assertIn("logs.show", got.json["detail"])
            body = json.dumps(LARGE).encode()
            posted = await self.ask("POST /api/v1/logs/show", token, "Content-Type: application/json", body=body)
            self.assertEqual(got.json, posted.json)
            self.assertEqual(200, (await self.ask("GET /api/v1/logs/show?subsystem=games", token)).status)

        return self.run_async(life())

    def test_websocket(self) -> Deferred[None]:
        """An error of that call, and of one that watches; the next call is answered."""

        async def life() -> None:
            tell_much(self, self.node)
            protocols = ["lanrage.v1", f"token.{await self.log_in()}"]
            factory = WebSocketClientFactory(f"ws://{self.host}/api/v1/socket", protocols=protocols, reactor=reactor)
            factory.protocol = RawClient
            client = cast(RawClient, await TCP4ClientEndpoint(reactor, "127.0.0.1", self.port).connect(factory))
            await client.opened
            for number in (1, 2):
                call = {"id": number, "op": "logs.show", "args": LARGE, "watch": number == 2}
                told = json.loads(await client.ask(json.dumps(call).encode()))
                self.assertEqual((number, "answer_too_large"), (told["id"], told["error"]["code"]))
            self.assertIn("result", json.loads(await client.ask(b'{"id": 3, "op": "status"}')))
            client.transport.abortConnection()
            await client.lost

        return self.run_async(life())
