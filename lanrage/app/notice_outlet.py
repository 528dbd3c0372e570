"""One target of notices: its queue, and the requests that go out when it says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.web.iweb import IAgent

from lanrage.core.notice_queue import Answer, NoticeQueue, Verdict, Waiting
from lanrage.core.notice_targets import Target
from lanrage.core.notices import Notice
from lanrage.net.notice_post import post
from lanrage.wire.notice_requests import encode, fits

log = Logger()


@attrs.define(eq=False)
class NoticeOutlet:
    """Sends what its target wants to hear.

    :param agent: makes the requests.
    :param life: see :func:`lanrage.wire.notice_requests.encode`.
    :param everywhere: called with the time until which the target's server wants peace from all who speak to it.
    """

    _reactor: Any
    target: Target
    _agent: IAgent
    _life: str
    _everywhere: Callable[[str, float], None]
    queue: NoticeQueue = attrs.field(init=False)
    _due: IDelayedCall | None = attrs.field(init=False, default=None)
    _out: Deferred[Any] | None = attrs.field(init=False, default=None)
    _asked: dict[Notice, list[Deferred[str]]] = attrs.field(init=False, factory=dict)
    _empty: Deferred[None] | None = attrs.field(init=False, default=None)

    def __attrs_post_init__(self) -> None:
        self.queue = NoticeQueue(lambda lines: fits(self.target.kind, lines))

    def tell(self, notice: Notice) -> None:
        """Send it soon, best effort, where the target wants it."""
        if self.target.wants(notice):
            self._put(notice)

    def ask(self, notice: Notice) -> Deferred[str]:
        """Send it; fires with an empty text once it was taken, else with the reason. It may be cancelled."""
        waiting: Deferred[str] = Deferred()
        self._asked.setdefault(notice, []).append(waiting)
        self._put(notice)
        return waiting

    def _put(self, notice: Notice) -> None:
        for lost in self.queue.put(notice, self._reactor.seconds()):
            self._settle(lost, (self.queue.why or "nothing is sent any more") if lost == notice else "too much waits")
        self.look()

    def leave_in_peace(self, until: float) -> None:
        """Its server wants that of everybody."""
        self.queue.leave_in_peace(until)
        self.look()

    async def close(self, bound: float) -> None:
        """Send what waits, and no more; what is not out after so many seconds is dropped."""
        self.queue.hurry()
        empty: Deferred[None] = Deferred()
        self._empty = empty
        self.look()
        deadline = self.queue.deadline()
        if deadline is not None and deadline > self._reactor.seconds() + bound:
            self.give_up()
        if not empty.called:
            ending = self._reactor.callLater(bound, self.give_up)
            await empty
            if ending.active():
                ending.cancel()

    def give_up(self) -> None:
        """Drop what waits and what is out."""
        out, self._out = self._out, None
        for line in self.queue.drop():
            self._settle(line.notice, "the process stops")
        if out is not None:
            out.cancel()
        self.look()

    def look(self) -> None:
        """Send what is due, or wait until it is."""
        if self._due is not None and self._due.active():
            self._due.cancel()
        self._due, now = None, self._reactor.seconds()
        deadline = self.queue.deadline()
        if deadline is None:
            if self._empty is not None and self._out is None and not self._empty.called:
                self._empty.callback(None)
            return
        if deadline > now:
            self._due = self._reactor.callLater(deadline - now, self.look)
            return
        batch = self.queue.begin(now)
        if batch is not None:
            request = encode(self.target, batch, self._life)
            out: Deferred[Any] = Deferred.fromCoroutine(post(self._reactor, self._agent, request))
            self._out = out
            out.addErrback(self._failed).addCallback(self._answered, out)

    def _failed(self, failure: Any) -> Answer:
        if not failure.check(CancelledError):
            log.error("a notice could not be sent: {kind}", kind=failure.type.__name__)
        return Answer(0)

    def _answered(self, answer: Answer, out: Deferred[Any]) -> None:
        if self._out is out:  # else it was given up
            self._out = None
            self._judge(answer)
        self.look()

    def _judge(self, answer: Answer) -> None:
        now, before = self._reactor.seconds(), self.queue.why
        verdict, lines = self.queue.answered(answer, now)
        if self.queue.why and self.queue.why != before:
            about = {"kind": self.target.kind.value, "host": self.target.host, "why": self.queue.why}
            log.warn("{kind} at {host} takes no notices now: {why}", **about)
        for line in lines:
            self._told(line, verdict)
        if answer.everywhere:
            self._everywhere(self.target.host, now + answer.wait)

    def _told(self, line: Waiting, verdict: Verdict) -> None:
        self._settle(line.notice, "" if verdict is Verdict.TAKEN else self.queue.why)

    def _settle(self, notice: Notice, why: str) -> None:
        for waiting in self._asked.pop(notice, ()):
            if not waiting.called:
                waiting.callback(why)
