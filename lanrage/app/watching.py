"""Operations that are watched: each asked again while somebody watches, once for all who watch the same.

An answer is due each :data:`BEAT` seconds, sooner after :meth:`Watching.nudge`, never within :data:`GAP` of the last
one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import attrs
import msgspec
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from lanrage.logs.carry import apart

BEAT = 1.0
"""Seconds from one answer's beginning to the next one's; a person sees no more, and an answer costs a millisecond."""
GAP = 0.5
"""Seconds that an operation rests at least, however often it is nudged."""

log = Logger()

Ask = Callable[[], Awaitable[Any]]
"""Carries the operation out; its result can be written as JSON."""


class IWatcher(Protocol):
    """Who watches."""

    def offer(self, state: bytes) -> None:
        """The result is this now, as JSON; it may be the one that was offered last."""

    def fail(self, failure: Failure) -> None:
        """The operation failed; nothing more comes."""


@attrs.frozen
class Question:
    """What is watched: watchers of an equal one share its answers.

    :param op: the operation.
    :param args: its request as JSON, defaults filled in.
    :param user: who asks, where the operation is told.
    """

    op: str
    args: bytes
    user: int | None = None


@attrs.define(eq=False)
class _Topic:
    """A question that is watched.

    :ivar began: when it was last asked.
    :ivar again: it was nudged while it was being answered.
    """

    question: Question
    ask: Ask
    began: float
    watchers: list[IWatcher] = attrs.Factory(list)
    state: bytes | None = None
    running: Deferred[Any] | None = None
    due: IDelayedCall | None = None
    again: bool = False


class Watching:
    """All that is watched in a process.

    :param clock: for the beat.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._topics: dict[Question, _Topic] = {}

    def __len__(self) -> int:
        """Questions that are watched."""
        return len(self._topics)

    def watch(self, question: Question, ask: Ask, watcher: IWatcher) -> Callable[[], None]:
        """Offer the answer to a watcher now and whenever it may have changed.

        :param ask: used where nobody watches this question yet.
        :returns: ends it; may be called again.
        """
        topic = self._topics.get(question)
        if topic is None:
            topic = self._topics[question] = _Topic(question, ask, self._clock.seconds() - GAP)
        topic.watchers.append(watcher)
        if topic.state is not None:
            watcher.offer(topic.state)
        self._hurry(topic)
        return lambda: self._leave(topic, watcher)

    def nudge(self) -> None:
        """Something may have changed: ask all that is watched as soon as its rest allows."""
        for topic in list(self._topics.values()):
            self._hurry(topic)

    def stop(self) -> None:
        """End all; each watcher is told by :class:`CancelledError`."""
        for topic in list(self._topics.values()):
            self._end(topic, Failure(CancelledError()))

    def _leave(self, topic: _Topic, watcher: IWatcher) -> None:
        if watcher in topic.watchers:
            topic.watchers.remove(watcher)
        if not topic.watchers:
            self._forget(topic)

    def _forget(self, topic: _Topic) -> None:
        if self._topics.get(topic.question) is topic:
            del self._topics[topic.question]
        due, topic.due = topic.due, None
        if due is not None:
            due.cancel()
        running, topic.running = topic.running, None
        if running is not None:
            running.cancel()

    def _end(self, topic: _Topic, failure: Failure) -> None:
        watchers, topic.watchers = topic.watchers, []
        self._forget(topic)
        for watcher in watchers:
            _give_up(watcher, failure)

    def _hurry(self, topic: _Topic) -> None:
        if topic.running is not None:
            topic.again = True
            return
        self._ask_in(topic, topic.began + GAP - self._clock.seconds())

    def _ask_in(self, topic: _Topic, wait: float) -> None:
        wait = max(0.0, wait)
        if topic.due is None:
            topic.due = self._clock.callLater(wait, self._ask, topic)
        elif topic.due.getTime() > self._clock.seconds() + wait:
            topic.due.reset(wait)

    def _ask(self, topic: _Topic) -> None:
        topic.due, topic.again, topic.began = None, False, self._clock.seconds()
        with apart():
            topic.running = running = Deferred.fromCoroutine(_encoded(topic.ask))
        running.addCallback(lambda state: self._answered(topic, state))
        running.addErrback(lambda failure: self._failed(topic, failure))

    def _answered(self, topic: _Topic, state: bytes) -> None:
        topic.running, topic.state = None, state
        for watcher in list(topic.watchers):
            try:
                watcher.offer(state)
            except Exception:  # one that cannot be told ends none of the others  # pylint: disable=broad-exception-caught
                self._leave(topic, watcher)
                _give_up(watcher, Failure())
        if topic.watchers:
            pause = (GAP if topic.again else BEAT) + topic.began - self._clock.seconds()
            self._ask_in(topic, max(GAP, pause))

    def _failed(self, topic: _Topic, failure: Failure) -> None:
        topic.running = None
        self._end(topic, failure)


def _give_up(watcher: IWatcher, failure: Failure) -> None:
    """Tell a watcher that nothing more comes; whether or not it can be told, the others go on."""
    try:
        watcher.fail(failure)
    except Exception:  # pylint: disable=broad-exception-caught
        log.failure("a watcher could not be told of its end")


async def _encoded(ask: Ask) -> bytes:
    return msgspec.json.encode(await ask())
