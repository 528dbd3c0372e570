"""Lines to a webhook: over real TLS to a server on loopback, and its patience by a clock."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock, deferLater
from twisted.internet.testing import StringTransport
from twisted.logger import LogEvent, globalLogPublisher
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase, TestCase
from twisted.web.client import ResponseDone
from twisted.web.http_headers import Headers

from lanrage.errors import BadInput
from lanrage.net.webhook import (
    CONTENT_LIMIT,
    FIRST_WAIT,
    LINE_LIMIT,
    PATIENCE,
    QUEUE_LIMIT,
    TRIES,
    WINDOW,
    Webhook,
    as_code,
    check_url,
)
from tests.fakes_webhook import URL, WebhookServer

reactor: Any = _reactor


class RealTests(TestCase):
    """The whole way."""

    timeout = 30

    def setUp(self) -> None:
        """A server and a webhook."""
        self.server = WebhookServer(reactor)
        self.addCleanup(self.server.close)

    async def until(self, condition: Any) -> None:
        """Wait for an event."""
        while not condition():
            await deferLater(reactor, 0.01, lambda: None)

    def test_lines_go_together(self) -> Deferred[None]:
        """Lines of half a second are one message, without mentions, at the whole address."""

        async def life() -> None:
            webhook = Webhook(reactor, URL, self.server.agent())
            for line in ("ALERT: the path is bad", "@everyone [free games](https://evil.example) `x`\nand more"):
                webhook.say(line)
            await self.until(lambda: webhook.counters.posts)
            ((path, message),) = self.server.posts
            self.assertEqual("/api/webhooks/1/s3cret-token", path)
            self.assertEqual({"parse": []}, message["allowed_mentions"])
            self.assertEqual(
                ["`ALERT: the path is bad`", "`@everyone [free games](https://evil.example) 'x' and more`"],
                self.server.lines,
            )
            await webhook.close()

        return Deferred.fromCoroutine(life())

    def test_another_authority(self) -> Deferred[None]:
        """Nothing is said to a server whose certificate is another host's; the address is in no log."""

        async def life() -> None:
            said: list[LogEvent] = []
            observer: Any = said.append
            globalLogPublisher.addObserver(observer)
            self.addCleanup(globalLogPublisher.removeObserver, observer)
            webhook = Webhook(reactor, URL.replace("hooks.", "other."), self.server.agent())
            webhook.say("x")
            await self.until(lambda: webhook.counters.failures)
            await webhook.close()
            self.assertEqual(([], 1), (self.server.posts, webhook.counters.dropped))
            texts = [str(event) for event in said]
            self.assertTrue(any("takes no messages now" in text for text in texts))
            self.assertFalse([text for text in texts if "s3cret" in text])

        return Deferred.fromCoroutine(life())

    def test_closing(self) -> Deferred[None]:
        """A post under way is given up, and leaves nothing behind (trial looks for connections and timers)."""

        async def life() -> None:
            self.server.answers = [None]
            webhook = Webhook(reactor, URL, self.server.agent())
            webhook.say("x")
            await self.until(lambda: self.server.posts)
            await webhook.close()
            webhook.say("y")
            self.assertEqual((0, 1), (webhook.counters.posts, webhook.counters.dropped))

        return Deferred.fromCoroutine(life())


class FakeResponse:
    """An answer without a body."""

    def __init__(self, code: int, headers: dict[str, str]) -> None:
        self.code, self.length = code, 0
        self.headers = Headers({name: [value] for name, value in headers.items()})

    def deliverBody(self, protocol: Any) -> None:
        """Nothing comes."""
        protocol.makeConnection(StringTransport())
        protocol.connectionLost(Failure(ResponseDone()))


class FakeAgent:
    """Answers at once, or never.

    :ivar answers: (status, headers) of the next answers; ``None`` = never.
    """

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.answers: list[tuple[int, dict[str, str]] | None] = []

    def request(self, _method: bytes, _uri: bytes, _headers: Any = None, bodyProducer: Any = None) -> Deferred[Any]:
        """See :class:`twisted.web.iweb.IAgent`."""
        self.bodies.append(msgspec.json.decode(bodyProducer._inputFile.read()))
        answer = self.answers.pop(0) if self.answers else (204, {})
        return Deferred() if answer is None else succeed(FakeResponse(*answer))


class PatienceTests(SynchronousTestCase):
    """Failures, by a clock."""

    def setUp(self) -> None:
        """A webhook in memory."""
        self.clock, self.agent = Clock(), FakeAgent()
        self.webhook = Webhook(self.clock, URL, self.agent)  # type: ignore[arg-type]

    def after(self, *seconds: float) -> int:
        """Let time pass; how many posts there were in all."""
        self.clock.pump(seconds)
        return len(self.agent.bodies)

    def test_tries_again(self) -> None:
        """After 2 and 4 seconds, or as long as the server asks; then lines that came meanwhile go out."""
        self.agent.answers = [(500, {}), (429, {"retry-after": "7.5"}), (204, {})]
        self.webhook.say("one")
        self.assertEqual([1, 1, 2, 2, 3], [self.after(s) for s in (WINDOW, FIRST_WAIT - 0.1, 0.2, 7.3, 0.2)])
        self.webhook.say("two")
        self.assertEqual(4, self.after(WINDOW))
        self.assertEqual(["`one`"] * 3 + ["`two`"], [body["content"] for body in self.agent.bodies])
        counters = self.webhook.counters
        self.assertEqual((2, 2, 0), (counters.posts, counters.failures, counters.dropped))
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_gives_up(self) -> None:
        """After four tries, each of ten seconds where nobody answers; at once where the address is no more."""
        self.agent.answers = [None] * TRIES
        self.webhook.say("one")
        self.assertEqual(1, self.after(WINDOW))
        self.assertEqual(TRIES, self.after(*[PATIENCE, FIRST_WAIT * 8] * TRIES))
        self.assertEqual((TRIES, 1), (self.webhook.counters.failures, self.webhook.counters.dropped))
        self.agent.answers = [(404, {})]
        self.webhook.say("two")
        self.assertEqual(TRIES + 1, self.after(WINDOW, 1000.0))
        self.assertEqual(2, self.webhook.counters.dropped)
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_queue(self) -> None:
        """The newest hundred lines wait, in messages that Discord takes."""
        self.agent.answers = [None]
        self.webhook.say("first")
        self.after(WINDOW)
        for number in range(QUEUE_LIMIT + 5):
            self.webhook.say(f"{number} " + "x" * LINE_LIMIT)
        self.after(PATIENCE, FIRST_WAIT, *[WINDOW] * 60)
        lengths = [len(body["content"]) for body in self.agent.bodies]
        self.assertTrue(all(length <= CONTENT_LIMIT for length in lengths), lengths)
        lines = [line for body in self.agent.bodies[2:] for line in body["content"].split("\n")]
        self.assertEqual([str(number) for number in range(5, 105)], [line[1:].split()[0] for line in lines])
        self.assertEqual(5, self.webhook.counters.dropped)


class TextTests(SynchronousTestCase):
    """What is sent, and where."""

    @given(st.text(max_size=2 * LINE_LIMIT))
    def test_code(self, line: str) -> None:
        """Between two marks no mark, no line break, nothing that cannot be seen, and not too much."""
        code = as_code(line)
        self.assertEqual(("`", "`"), (code[0], code[-1]))
        inner = code[1:-1]
        self.assertTrue(inner and "`" not in inner and inner.isprintable() and len(inner) <= LINE_LIMIT)

    def test_url(self) -> None:
        """https alone; what is wrong is refused without a word of the address."""
        self.assertEqual(URL, check_url(URL, "alert-webhook"))
        for wrong in (
            "http://hooks.example.org/s3cret",
            "https:///s3cret",
            "https://user:s3cret@example.org/",
            "https://example.org/s3cret#x",
            "https://example.org:s3cret/",
            "https://example.org/s3cret\n",
            "https://example.org/s3cret ö",
            "https://[s3cret/",
            "https://example.org/s3cret" + "x" * 600,
        ):
            with self.assertRaises(BadInput) as caught:
                check_url(wrong, "alert-webhook")
            self.assertNotIn("s3cret", str(caught.exception))
