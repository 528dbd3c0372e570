"""Notices that the reactor does not turn, and names the function that holds it up (``docs/profiling.rst``).

A thread looks some times in a threshold; a reactor that waits is not woken by it.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from typing import Any

import attrs
from twisted.application.service import Service
from twisted.internet.interfaces import IReactorCore, IReactorThreads
from twisted.logger import Logger

from lanrage.core.rate import TokenBucket
from lanrage.core.turn_watch import LONG, THRESHOLD, TurnWatch, Wish
from lanrage.net.stacks import Stacks, current_stacks, nothing_collected, place, waits

WORDS_RATE, WORDS_BURST = 1 / 30, 5.0
"""Warnings a second, and at once: a machine that is too slow for its party stalls all the time."""

PLACES = 32
"""Places of one stall that are told apart."""

log = Logger()


@attrs.frozen
class Stall:
    """One stall.

    :param at: when it ended, seconds since the epoch.
    :param seconds: without a turn.
    :param function: ``file:line function`` in which the reactor's thread was seen most.
    :param caller: the same of the innermost function of this program; empty where there was none, or it is `function`.
    """

    at: float
    seconds: float
    function: str
    caller: str


@attrs.define
class Stalls:
    """The stalls of this process; counts and sum are of all ever, since metrics are made of them.

    :ivar longest: seconds, since the last reset.
    :ivar last: the last ones, the latest first.
    :ivar held_up: times at which not the reactor but the whole process stood still.
    """

    count: int = 0
    seconds: float = 0.0
    longest: float = 0.0
    held_up: int = 0
    last: tuple[Stall, ...] = ()
    _at_reset: tuple[int, float, int] = (0, 0.0, 0)

    def note(self, stall: Stall) -> None:
        """Count one."""
        self.count += 1
        self.seconds += stall.seconds
        self.longest = max(self.longest, stall.seconds)
        self.last = (stall, *self.last)[:10]

    def reset(self) -> None:
        """Look at what comes from now on alone."""
        self._at_reset = (self.count, self.seconds, self.held_up)
        self.longest, self.last = 0.0, ()

    def since_reset(self) -> tuple[int, float, int]:
        """Count, seconds and times that the process stood still, since the last reset."""
        count, seconds, held_up = self._at_reset
        return self.count - count, self.seconds - seconds, self.held_up - held_up


STALLS = Stalls()
"""Of this process."""


class StallWatch(Service):
    """Watches the reactor while it runs.

    :param reactor: the one; it runs in the thread in which this starts.
    :param threshold: seconds without a turn that are a stall.
    :param long: seconds after which a stall that goes on is told.
    :param words: how many warnings there may be.
    :param stalls: where they are counted.
    """

    def __init__(
        self,
        reactor: Any,
        threshold: float = THRESHOLD,
        *,
        long: float = LONG,
        words: TokenBucket | None = None,
        stalls: Stalls = STALLS,
        stacks: Stacks = current_stacks,
    ) -> None:
        self._reactor: IReactorThreads = reactor
        self._core: IReactorCore = reactor
        self._watch = TurnWatch(threshold, long)
        self._stalls, self._stacks = stalls, stacks
        self._words = words or TokenBucket(WORDS_RATE, WORDS_BURST)
        self._unsaid = 0
        self._places: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None
        self._watched = 0

    def startService(self) -> None:
        """Begin to watch the thread that calls this, once its reactor runs."""
        super().startService()  # type: ignore[no-untyped-call]
        self._core.callWhenRunning(self._begin)

    def stopService(self) -> None:
        """End; the thread is gone on return."""
        super().stopService()  # type: ignore[no-untyped-call]
        thread, self._thread = self._thread, None
        if thread is not None:
            self._ending.set()
            thread.join()

    def _begin(self) -> None:
        if not self.running or self._thread is not None:
            return
        self._watched = threading.get_ident()
        self._ending.clear()
        self._thread = threading.Thread(target=self._run, name="lanrage-stalls", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._ending.wait(self._watch.interval):
            try:
                self._look()
            except Exception:  # pylint: disable=broad-exception-caught  # frames of a thread that runs on are no firm ground
                log.failure("the reactor could not be looked at this once")

    def _look(self) -> None:
        with nothing_collected():
            frame = self._stacks().get(self._watched)
            if frame is None:
                return
            now, idle = time.monotonic(), waits(frame)
            seen = ("", "") if idle else (place(frame), _own_place(frame))
            del frame
        with self._lock:
            wish = self._watch.look(now, time.process_time(), idle)
            self._stalls.held_up += self._watch.held_up
            self._watch.held_up = 0
            if wish is Wish.ASK:
                self._places.clear()
            if not idle and (seen in self._places or len(self._places) < PLACES):
                self._places[seen] += 1
        if wish is Wish.ASK:
            self._reactor.callFromThread(self._answer)
        elif wish is Wish.TELL:
            log.error(
                "the reactor has not turned for {seconds:g} s, it is in {function}",
                seconds=self._watch.long,
                function=seen[0],
            )

    def _answer(self) -> None:
        """In the reactor: it turned."""
        now = time.monotonic()
        with self._lock:
            seconds = self._watch.answered(now)
            (function, caller), _ = next(iter(self._places.most_common(1)), (("", ""), 0))
        if seconds is None:
            return
        self._stalls.note(Stall(time.time(), seconds, function, caller if caller != function else ""))
        if not self._words.take(now):
            self._unsaid += 1
            return
        log.warn(
            "the reactor stood still for {seconds:.3f} s in {function} (from {caller}; {unsaid} more were not told)",
            seconds=seconds,
            function=function,
            caller=caller or function,
            unsaid=self._unsaid,
        )
        self._unsaid = 0


def _own_place(frame: Any) -> str:
    """The innermost function of this program."""
    while frame is not None:
        if frame.f_globals.get("__name__", "").partition(".")[0] == "lanrage":
            return place(frame)
        frame = frame.f_back
    return ""
