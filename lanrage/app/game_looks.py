"""Looks at processes, one thread at a time: those that were asked for meanwhile are looked at together."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from lanrage.net.game_facts import Looks, Sighting
from lanrage.net.threads import in_thread
from lanrage.timing import timing_decorator

WAITING_LIMIT = 256
"""Processes that wait for a look; beyond, all are looked at instead."""
AGAIN = (0.1, 0.3, 1.0, 3.0)
"""Seconds after which a process that says later what it runs (Wine's loader) is looked at again."""
RESCAN_PAUSE = 1.0
"""Seconds between lost events and a look at all processes for them: a storm of them is one."""
GONE_PAUSE = 10.0
"""Seconds between two looks at all since processes were gone before they were looked at: in a build most are."""

log = Logger()


@attrs.define
class WatchCounters:
    """What was done so far.

    :ivar execs: programs that the kernel told of; ``dismissed``: of them, those that the first look dismissed.
    :ivar missed: times that events were lost; ``rescans``: looks at all processes.
    :ivar detections: games that were noticed, by method.
    """

    execs: int = 0
    dismissed: int = 0
    missed: int = 0
    rescans: int = 0
    detections: Counter[str] = attrs.field(factory=Counter)


@attrs.define(eq=False)
class GameLooks:
    """The queue.

    :param reactor: keeps time and has threads.
    :param looks: by the games and networks of now.
    :param seen: takes each sighting, with the descriptor in it.
    :param strangers: takes programs that nobody knows, after a look at all.
    """

    reactor: Any
    looks: Callable[[], Looks]
    seen: Callable[[Sighting], None]
    strangers: Callable[[frozenset[int]], None]
    counters: WatchCounters
    _waiting: dict[int, int] = attrs.field(factory=dict)
    _whole: list[Callable[[], None]] = attrs.field(factory=list)
    _again: set[IDelayedCall] = attrs.field(factory=set)
    _rescan: IDelayedCall | None = None
    _last: float = float("-inf")
    _turn: Deferred[None] | None = None
    _open: bool = True

    def ask(self, pid: int, attempt: int = 0) -> None:
        """Look at a process soon.

        :param attempt: how often it was looked at before without a word of what it runs.
        """
        if not self._open:
            return
        if len(self._waiting) >= WAITING_LIMIT:
            self._waiting.clear()
            self._whole.append(_nothing)
        elif not self._whole:
            self._waiting[pid] = attempt
        self._go()

    def ask_all(self, after: Callable[[], None]) -> None:
        """Look at all processes soon.

        :param after: called when what was seen has been told, or the look has failed.
        """
        if self._open:
            self._whole.append(after)
            self._go()

    def rescan(self) -> None:
        """Events were lost: look at all in a while, once for all that are lost until then."""
        self._rescan_at(self.reactor.seconds() + RESCAN_PAUSE)

    def gone(self) -> None:
        """A process had ended before it was looked at; look at all soon, for a fork of it may go on."""
        self._rescan_at(max(self.reactor.seconds() + RESCAN_PAUSE, self._last + GONE_PAUSE))

    def _rescan_at(self, due: float) -> None:
        if not self._open or (self._rescan is not None and self._rescan.getTime() <= due):
            return
        if self._rescan is not None:
            self._rescan.cancel()
        self._rescan = self.reactor.callLater(due - self.reactor.seconds(), self._rescan_now)

    def close(self) -> Deferred[None] | None:
        """Give up what waits.

        :return: fires when the last thread is done; ``None`` when there is none.
        """
        self._open = False
        self._waiting.clear()
        self._whole.clear()
        for call in (*self._again, *([self._rescan] if self._rescan is not None else [])):
            if call.active():
                call.cancel()
        self._again.clear()
        return self._turn

    # --- within -------------------------------------------------------------------------------------------------------

    def _rescan_now(self) -> None:
        self._rescan = None
        self.ask_all(_nothing)

    def _go(self) -> None:
        if self._turn is None and self._open and (self._waiting or self._whole):
            self._turn = Deferred.fromCoroutine(self._look())
            self._turn.addErrback(lambda failure: log.failure("a look at processes failed", failure))
            self._turn.addBoth(self._done)

    def _done(self, result: Any) -> Any:
        self._turn = None
        self._go()
        return result

    @timing_decorator("game.detect")
    async def _look(self) -> None:
        whole, self._whole = self._whole, []
        waiting, self._waiting = self._waiting, {}
        looks = self.looks()
        try:
            if whole:
                self._last = self.reactor.seconds()
                self.counters.rescans += 1
                found, strangers = await in_thread(self.reactor, looks.all)
                self._take(found, {})
                if self._open:
                    self.strangers(strangers)
            if waiting:
                self._take(await in_thread(self.reactor, looks.look_at, tuple(waiting)), waiting)
        finally:
            for after in whole:
                if self._open:
                    after()

    def _take(self, found: Iterable[Sighting], attempts: dict[int, int]) -> None:
        for sighting in found:
            if not self._open:
                if sighting.descriptor >= 0:
                    os.close(sighting.descriptor)
            elif sighting.again:
                self._look_again(sighting.pid, attempts.get(sighting.pid, 0))
            else:
                self.seen(sighting)

    def _look_again(self, pid: int, attempt: int) -> None:
        if attempt >= len(AGAIN) or len(self._again) >= WAITING_LIMIT:
            return

        def now() -> None:
            self._again.discard(call)
            self.ask(pid, attempt + 1)

        call = self.reactor.callLater(AGAIN[attempt], now)
        self._again.add(call)


def _nothing() -> None:
    """What is done after a look that nobody waits for."""
