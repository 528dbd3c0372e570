"""Lines of text to a webhook that speaks as Discord's (https://discord.com/developers/docs/resources/webhook).

Lines of half a second go out together, one post at a time. The address holds the secret that lets one post, so it is in
no log and no error. What a line says may be chosen by strangers: it is sent as code, in which nothing is a link or a
mention, and mentions are switched off.
"""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import attrs
import msgspec
import treq.client
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.defer import TimeoutError as DeferredTimeout
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.protocol import Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.iweb import IAgent

from lanrage.errors import BadInput

WINDOW = 0.5
"""Seconds in which lines are gathered."""
CONTENT_LIMIT = 2000
"""Characters of one message at Discord."""
LINE_LIMIT = 400
"""Characters of a line; what is longer is cut off."""
QUEUE_LIMIT = 100
"""Lines that wait; the oldest goes when there are more: the newest say what is so now."""
PATIENCE = 10.0
"""Seconds for a post."""
TRIES = 4
"""Posts of one message, until it is given up."""
FIRST_WAIT, LONGEST_WAIT = 2.0, 300.0
"""Seconds between two tries: doubled each time, or as long as the server asks."""
URL_LIMIT = 512

log = Logger()


def check_url(text: str, field: str) -> str:
    """An https address, without fragment, user or blanks.

    :raises BadInput: names `field`, and never says the address: it is a secret.
    """
    try:
        url = urlsplit(text)
        whole = bool(url.hostname) and (url.port is None or url.port > 0)
    except ValueError as error:
        raise BadInput(field, "this is no address of a webhook") from error
    if url.scheme != "https" or not whole or url.fragment or url.username is not None or len(text) > URL_LIMIT:
        raise BadInput(field, "a webhook's address begins with https:// and has no user and no # in it")
    if not text.isascii() or not text.isprintable() or " " in text:
        raise BadInput(field, "a webhook's address has letters of ASCII alone, and no blanks")
    return text


@attrs.define
class WebhookCounters:
    """Since the start.

    :ivar posts: messages that were taken.
    :ivar failures: tries that failed.
    :ivar dropped: lines that were not sent.
    """

    posts: int = 0
    failures: int = 0
    dropped: int = 0


@attrs.define(eq=False)
class Webhook:
    """Sends lines.

    :param url: checked by :func:`check_url`.
    :param agent: makes the requests.
    """

    _reactor: Any
    _url: str = attrs.field(repr=False)
    _agent: IAgent
    counters: WebhookCounters = attrs.field(init=False, factory=WebhookCounters)
    _lines: deque[str] = attrs.field(init=False, factory=deque)
    _due: IDelayedCall | None = attrs.field(init=False, default=None)
    _post: Deferred[bool] | None = attrs.field(init=False, default=None)
    _idle: Deferred[None] | None = attrs.field(init=False, default=None)
    _failing: bool = attrs.field(init=False, default=False)
    _closed: bool = attrs.field(init=False, default=False)

    def say(self, line: str) -> None:
        """Send a line soon, best effort."""
        if self._closed:
            return
        self._lines.append(as_code(line))
        if len(self._lines) > QUEUE_LIMIT:
            self._lines.popleft()
            self.counters.dropped += 1
        self._schedule()

    async def close(self) -> None:
        """Send no more; what waits is dropped."""
        self._closed = True
        self.counters.dropped += len(self._lines)
        self._lines.clear()
        if self._due is not None:
            self._due.cancel()
            self._due = None
        if self._post is not None:
            idle: Deferred[None] = Deferred()
            self._idle = idle
            self._post.cancel()
            await idle

    def _schedule(self) -> None:
        if self._due is None and self._post is None and self._lines and not self._closed:
            self._due = self._reactor.callLater(WINDOW, self._begin)

    def _begin(self) -> None:
        self._due = None
        batch = [self._lines.popleft()]
        while self._lines and sum(map(len, batch)) + len(batch) + len(self._lines[0]) <= CONTENT_LIMIT:
            batch.append(self._lines.popleft())
        self._post = posting = Deferred.fromCoroutine(self._deliver("\n".join(batch)))
        done = posting.addCallback(self._delivered, len(batch)).addErrback(self._failed, len(batch))
        done.addCallback(self._ended)

    def _ended(self, _result: None) -> None:
        self._post = None
        if self._idle is not None:
            self._idle.callback(None)
        self._schedule()

    def _delivered(self, taken: bool, lines: int) -> None:
        self.counters.posts += taken
        self.counters.dropped += 0 if taken else lines

    def _failed(self, failure: Any, lines: int) -> None:
        self.counters.dropped += lines
        if not failure.check(CancelledError):
            log.error("a message to the webhook failed: {kind}", kind=failure.type.__name__)

    async def _deliver(self, content: str) -> bool:
        """Post until it is taken, or given up; whether it was taken."""
        body = msgspec.json.encode({"content": content, "allowed_mentions": {"parse": []}})
        wait = FIRST_WAIT
        for turn in range(TRIES):
            code, asked = await self._try(body)
            if 200 <= code < 300:
                self._failing = False
                return True
            if self._closed:  # what was given up by that is no failure of the server
                return False
            self.counters.failures += 1
            if not self._failing:
                self._failing = True
                log.warn("the webhook takes no messages now: {why}", why=f"HTTP {code}" if code else "no answer")
            if 300 <= code < 500 and code not in (408, 429):
                return False
            if turn < TRIES - 1:
                await _pause(self._reactor, min(LONGEST_WAIT, max(wait, asked)))
            wait *= 2
        return False

    async def _try(self, body: bytes) -> tuple[int, float]:
        """Status code, 0 for none, and seconds that the server asks to wait."""
        headers: Any = {"Content-Type": "application/json", "User-Agent": "LANrage"}
        client = treq.client.HTTPClient(self._agent)
        try:
            asking = client.post(self._url, headers=headers, data=body, allow_redirects=False, unbuffered=True)
            response: Any = await asking.addTimeout(PATIENCE, self._reactor)
        except CancelledError:
            raise
        except Exception:  # pylint: disable=broad-exception-caught  # of name service, TCP, TLS, HTTP: all the same here
            return 0, 0.0
        ignored = _Ignored()
        response.deliverBody(ignored)
        with suppress(DeferredTimeout):
            await ignored.gone.addTimeout(PATIENCE, self._reactor)
        return response.code, _seconds(response.headers.getRawHeaders("retry-after", ["0"])[0])


class _Ignored(Protocol):
    """Ends the connection once the headers are there: what an answer says is not read.

    :ivar gone: fires when the connection has ended.
    """

    def __init__(self) -> None:
        self.gone: Deferred[None] = Deferred()

    def connectionMade(self) -> None:
        """Twisted: the body begins."""
        transport: Any = self.transport
        transport.loseConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Twisted: no more comes."""
        if not self.gone.called:
            self.gone.callback(None)


def as_code(line: str) -> str:
    """A line in which nothing is a link, a mention or a second line."""
    plain = "".join(each if each.isprintable() else " " for each in line[:LINE_LIMIT]).replace("`", "'").strip()
    return f"`{plain or '-'}`"


def _seconds(text: str) -> float:
    """``Retry-After`` in seconds; a date, or anything else, is none."""
    return float(text) if text.isascii() and text.replace(".", "", 1).isdigit() and len(text) <= 10 else 0.0


def _pause(reactor: Any, seconds: float) -> Deferred[None]:
    """Fires later; cancelling it leaves no timer."""
    call: IDelayedCall
    waiting: Deferred[None] = Deferred(lambda _: call.cancel())
    call = reactor.callLater(seconds, waiting.callback, None)
    return waiting
