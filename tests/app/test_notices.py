"""Notices to targets: over real TLS and HTTP to servers on loopback, and their patience by a clock."""

from __future__ import annotations

from typing import Any

import attrs
import msgspec
from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock, deferLater
from twisted.logger import LogEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase, TestCase

from lanrage.app.notices import FLUSH, TEST_PATIENCE, Notices, Told
from lanrage.core.notice_queue import FIRST_WAIT, WINDOW
from lanrage.core.notice_targets import Target, TargetKind
from lanrage.core.notices import Notice, NoticeKind
from lanrage.net.notice_post import PATIENCE
from tests.fakes_targets import URL, FakeAgent, WebhookServer
from tests.strategies_notices import URLS

reactor: Any = _reactor
DISCORD = Target(TargetKind.DISCORD, URL)
OTHER = Target(TargetKind.DISCORD, URL + "2")
NTFY = Target(TargetKind.NTFY, URLS[TargetKind.NTFY], frozenset({NoticeKind.LEFT}))
MATRIX = Target(TargetKind.MATRIX, URLS[TargetKind.MATRIX], token="s3cret")
ONE, TWO = Notice(NoticeKind.JOINED, "one"), Notice(NoticeKind.LEFT, "two")


def random(size: int) -> bytes:
    """The same each time."""
    return b"\xab" * size


class RealTests(TestCase):
    """The whole way."""

    timeout = 120

    def setUp(self) -> None:
        """A server, and those who are told."""
        self.server = WebhookServer(reactor)
        self.addCleanup(self.server.close)

    def notices(self, *targets: Target) -> Notices:
        """Open ones."""
        made = Notices(reactor, targets, random, self.server.agent())
        made.open()
        return made

    async def until(self, condition: Any) -> None:
        """Wait for an event."""
        while not condition():
            await deferLater(reactor, 0.01, lambda: None)

    def test_one_message(self) -> Deferred[None]:
        """Lines of half a second are one message, without mentions, at the whole address; the end sends the rest."""

        async def life() -> None:
            notices = self.notices(DISCORD)
            for text in ("the path is bad", "@everyone [free games](https://evil.example) `x`\nand more"):
                notices.tell(Notice.of(NoticeKind.ALERT, text))
            await self.until(lambda: notices.count("posts"))
            ((path, message),) = self.server.posts
            self.assertEqual(("/api/webhooks/1/s3cret-token", {"parse": []}), (path, message["allowed_mentions"]))
            lines = ["the path is bad", "@everyone [free games](https://evil.example) `x` and more"]
            self.assertEqual(lines, self.server.lines)
            notices.tell(ONE)
            await notices.close()
            self.assertEqual([*lines, "one"], self.server.lines)
            self.assertEqual((2, 0), (notices.count("posts"), notices.count("dropped")))

        return Deferred.fromCoroutine(life())

    def test_another_authority(self) -> Deferred[None]:
        """Nothing is said to a server whose certificate is another host's; the address is in no log."""

        async def life() -> None:
            said: list[LogEvent] = []
            observer: Any = said.append
            globalLogPublisher.addObserver(observer)
            self.addCleanup(globalLogPublisher.removeObserver, observer)
            notices = self.notices(Target(TargetKind.DISCORD, URL.replace("hooks.", "other.")))
            notices.tell(ONE)
            await self.until(lambda: notices.count("failures"))
            notices.outlets[0].give_up()
            await notices.close()
            self.assertEqual(([], 1), (self.server.posts, notices.count("dropped")))
            texts = [str(event) for event in said]
            self.assertTrue(any("takes no notices now" in text for text in texts))
            self.assertFalse([text for text in texts if "s3cret" in text])

        return Deferred.fromCoroutine(life())

    def test_giving_up(self) -> Deferred[None]:
        """A request under way is given up, and leaves nothing behind (trial looks for connections and timers)."""

        async def life() -> None:
            self.server.answers = [None]
            notices = self.notices(DISCORD)
            notices.tell(ONE)
            await self.until(lambda: self.server.posts)
            (outlet,) = notices.outlets
            closing = Deferred.fromCoroutine(notices.close())
            outlet.give_up()
            await closing
            notices.tell(TWO)
            self.assertEqual((0, 1), (notices.count("posts"), notices.count("dropped")))

        return Deferred.fromCoroutine(life())


class ClockTests(SynchronousTestCase):
    """By a clock, with servers in memory."""

    def setUp(self) -> None:
        """Nobody is told yet."""
        self.clock, self.agent = Clock(), FakeAgent()

    def open(self, *targets: Target) -> Notices:
        """With these targets."""
        agent: Any = self.agent
        notices = Notices(self.clock, targets, random, agent)
        notices.open()
        return notices

    def after(self, *seconds: float) -> int:
        """Let time pass; how many requests there were in all."""
        self.clock.pump(seconds)
        return len(self.agent.requests)

    def test_tries_again(self) -> None:
        """After 2 s, and as long as the server asks; a second try names the same message."""
        self.agent.answers = [(500, {}), (429, {}, b'{"retry_after_ms": 7500}'), (200, {})]
        notices = self.open(MATRIX)
        notices.tell(ONE)
        self.assertEqual([1, 1, 2, 2, 3], [self.after(s) for s in (WINDOW, FIRST_WAIT - 0.1, 0.2, 7.3, 0.3)])
        notices.tell(TWO)
        self.assertEqual(4, self.after(WINDOW))
        self.assertEqual(["PUT"] * 4, [method for method, _, _, _ in self.agent.requests])
        names = [url.rpartition("/")[2] for _, url, _, _ in self.agent.requests]
        self.assertEqual(["lanrage-abababababababab-1"] * 3 + ["lanrage-abababababababab-2"], names)
        self.assertEqual([2, 2, 0], [notices.count(name) for name in ("posts", "failures", "dropped")])
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_each_its_own(self) -> None:
        """Each target is told what it wants; one that does not answer holds no other up."""
        self.agent.answers = [None]
        notices = self.open(DISCORD, NTFY)
        notices.tell(ONE)
        notices.tell(TWO)
        self.after(WINDOW)
        bodies = [body for _, url, _, body in self.agent.requests if url == NTFY.url]
        self.assertEqual([b"two"], bodies)
        self.assertTrue(notices.wanted(NoticeKind.GAME))

    def test_peace_for_all(self) -> None:
        """A limit that is meant for all holds for every target of that server, and for no other."""
        self.agent.answers = [(429, {"x-ratelimit-global": "true", "retry-after": "60"})]
        notices = self.open(DISCORD, OTHER, NTFY)
        notices.tell(ONE)
        self.clock.advance(WINDOW)
        before = len(self.agent.requests)
        notices.tell(TWO)
        self.clock.advance(WINDOW)
        self.assertEqual([NTFY.url], [url for _, url, _, _ in self.agent.requests[before:]])
        self.clock.advance(60.0)
        told = {(url, method) for method, url, _, _ in self.agent.requests[before + 1 :]}
        self.assertEqual({(DISCORD.url, "POST"), (OTHER.url, "POST")}, told)

    def test_nobody_answers(self) -> None:
        """A server that says nothing is given ten seconds a try."""
        self.agent.answers = [None, (204, {})]
        self.open(DISCORD).tell(ONE)
        self.assertEqual([1, 1, 2], [self.after(s) for s in (WINDOW, PATIENCE, FIRST_WAIT)])

    def test_end(self) -> None:
        """What waits goes out at the end; a server that does not answer holds the end up for three seconds."""
        notices = self.open(DISCORD)
        notices.tell(ONE)
        self.successResultOf(Deferred.fromCoroutine(notices.close()))
        self.assertEqual((1, 1), (len(self.agent.requests), notices.count("posts")))
        self.agent.answers = [None]
        notices.open()
        notices.tell(TWO)
        ending = Deferred.fromCoroutine(notices.close())
        notices.tell(ONE)
        self.clock.advance(FLUSH - 0.1)
        self.assertNoResult(ending)
        self.clock.advance(0.2)
        self.successResultOf(ending)
        self.assertEqual((2, 1), (len(self.agent.requests), notices.count("dropped")))
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_end_in_peace(self) -> None:
        """A target that wants to be left alone for longer than that holds nothing up; who asked is told."""
        self.agent.answers = [(429, {"retry-after": "60"})]
        notices = self.open(DISCORD)
        testing = Deferred.fromCoroutine(notices.test(0))
        self.after(WINDOW)
        self.successResultOf(Deferred.fromCoroutine(notices.close()))
        self.assertEqual([Told(DISCORD, "the process stops")], self.successResultOf(testing))
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_other_targets(self) -> None:
        """Targets come and go while it runs; who stays keeps what waits, who goes gets what waited."""
        notices = self.open(DISCORD)
        notices.use((NTFY,))
        notices.tell(TWO)
        notices.use((MATRIX,))
        self.assertEqual([DISCORD, MATRIX], [each.target for each in notices.outlets])
        self.assertEqual([NTFY.url], [url for _, url, _, _ in self.agent.requests])
        self.after(WINDOW)
        self.assertEqual([NTFY.url, DISCORD.url], [url for _, url, _, _ in self.agent.requests])
        self.assertEqual(2, notices.count("posts"))
        only = attrs.evolve(DISCORD, events=frozenset({NoticeKind.LEFT}))
        notices.use((only,))
        self.assertEqual([DISCORD], [each.target for each in notices.outlets])

    def test_test(self) -> None:
        """A test goes to who is chosen, whatever it wants to hear, and its answer is waited for."""
        self.agent.answers = [(204, {}), (404, {})]
        notices = self.open(DISCORD, NTFY)
        testing = Deferred.fromCoroutine(notices.test(0))
        self.after(WINDOW)
        self.assertEqual([Told(DISCORD, ""), Told(NTFY, "HTTP 404")], self.successResultOf(testing))
        again = Deferred.fromCoroutine(notices.test(2))
        self.assertEqual([Told(NTFY, "HTTP 404")], self.successResultOf(again))
        self.agent.answers = [None] * 9
        late = Deferred.fromCoroutine(notices.test(1))
        self.after(WINDOW, *[1.0] * int(TEST_PATIENCE))
        (told,) = self.successResultOf(late)
        self.assertIn("no answer within 20 s", told.why)

    def test_body(self) -> None:
        """Only what is needed of an answer is read, and no redirect is followed."""
        self.agent.answers = [(302, {"location": "https://evil.example/"}, b"x" * 100_000)]
        notices = self.open(DISCORD)
        notices.tell(ONE)
        self.assertEqual((1, 1), (self.after(WINDOW, 900.0), notices.count("dropped")))
        self.assertEqual("HTTP 302", notices.outlets[0].queue.why)
        message: Any = msgspec.json.decode(self.agent.requests[0][3])
        self.assertEqual(["one"], [embed["description"] for embed in message["embeds"]])
