"""Tells targets outside of this process what happens: alerts, games, the party (``docs/notifications.rst``)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.defer import TimeoutError as DeferredTimeout
from twisted.logger import Logger
from twisted.web.iweb import IAgent

from lanrage.app.notice_outlet import NoticeOutlet
from lanrage.core.notice_targets import Target, merged, places, split_url
from lanrage.core.notices import Notice, NoticeKind
from lanrage.logs import keep_secret
from lanrage.net.notice_post import make_agent

FLUSH = 3.0
"""Seconds in which what waits goes out when the process stops: systemd and users wait for that."""
TEST_PATIENCE = 20.0
"""Seconds for which a user waits for a test: a window, a request, and one more after a rest that the target wants."""

log = Logger()


@attrs.frozen
class Told:
    """How a test went.

    :param why: it was not taken; empty where it was.
    """

    target: Target
    why: str


class Notices:
    """The targets of one process. While it is closed nothing is sent.

    :param fixed: targets from settings that count from the start on.
    :param random: ``os.urandom``, or a test's own.
    :param agent: makes the requests; a test's own.
    """

    def __init__(
        self, reactor: Any, fixed: tuple[Target, ...], random: Callable[[int], bytes], agent: IAgent | None = None
    ) -> None:
        self._reactor, self._fixed, self._random, self._agent = reactor, fixed, random, agent
        self._wanted: tuple[Target, ...] = ()
        self.outlets: list[NoticeOutlet] = []
        self._ending: dict[NoticeOutlet, Deferred[None]] = {}
        self._open = False
        self._past = {"posts": 0, "failures": 0, "dropped": 0}

    # --- life ---------------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Send from now on."""
        self._open = True
        self._make()

    def use(self, targets: tuple[Target, ...]) -> None:
        """Go by these targets beside the fixed ones; the queues of those that stay go on."""
        if targets != self._wanted:
            self._wanted = targets
            if self._open:
                self._make()
                log.info("notices go to {targets}", targets=places(each.target for each in self.outlets))

    def _make(self) -> None:
        wanted = merged((*self._fixed, *self._wanted))
        old = {each.target: each for each in self.outlets}
        self.outlets = [old.pop(target) if target in old else self._outlet(target) for target in wanted]
        for outlet in old.values():
            self._end(outlet)

    def _outlet(self, target: Target) -> NoticeOutlet:
        if self._agent is None:
            self._agent = make_agent(self._reactor)
        for secret in (target.url, split_url(target.url)[1], target.token):
            keep_secret(secret)
        return NoticeOutlet(self._reactor, target, self._agent, f"lanrage-{self._random(8).hex()}", self._peace)

    def _peace(self, host: str, until: float) -> None:
        for outlet in self.outlets:
            if outlet.target.host == host:
                outlet.leave_in_peace(until)

    def _end(self, outlet: NoticeOutlet) -> None:
        self._ending[outlet] = ending = Deferred.fromCoroutine(outlet.close(FLUSH))
        ending.addErrback(lambda failure: log.failure("a target of notices did not end cleanly", failure))
        ending.addCallback(lambda _: self._ended(outlet))

    def _ended(self, outlet: NoticeOutlet) -> None:
        self._ending.pop(outlet, None)
        for name in self._past:
            self._past[name] += getattr(outlet.queue, name)

    async def close(self) -> None:
        """Send what waits, for :data:`FLUSH` seconds at most, and nothing afterwards."""
        self._open = False
        outlets, self.outlets = self.outlets, []
        for outlet in outlets:
            self._end(outlet)
        for ending in tuple(self._ending.values()):
            await ending

    # --- what is told -------------------------------------------------------------------------------------------------

    def tell(self, notice: Notice) -> None:
        """Send it soon to whom it concerns; never raises."""
        for outlet in self.outlets:
            outlet.tell(notice)

    def wanted(self, kind: NoticeKind) -> bool:
        """Whether somebody is told of such things."""
        return any(kind in outlet.target.events for outlet in self.outlets)

    async def test(self, number: int) -> list[Told]:
        """Send a test to one target, or to all, and wait for the answers.

        :param number: of the target, from 1; 0: all.
        """
        chosen = self.outlets if not number else self.outlets[number - 1 : number]
        notice = Notice.of(NoticeKind.TEST, "This is a test of LANrage's notifications.")
        answers = [
            outlet.ask(notice).addTimeout(TEST_PATIENCE, self._reactor).addErrback(_too_late) for outlet in chosen
        ]
        whys = await gatherResults(answers)
        return [Told(outlet.target, why) for outlet, why in zip(chosen, whys, strict=True)]

    def count(self, name: str) -> int:
        """``posts``, ``failures`` or ``dropped`` of all targets, those that are no more included."""
        counts: list[int] = [getattr(outlet.queue, name) for outlet in self.outlets]
        return self._past[name] + sum(counts)


def _too_late(failure: Any) -> str:
    failure.trap(DeferredTimeout)
    return f"no answer within {TEST_PATIENCE:g} s; it is tried again"
