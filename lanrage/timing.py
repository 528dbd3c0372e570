"""How long operations take: a decorator for plain functions, coroutines and functions that return a Deferred.

What it measures goes into :data:`TIMINGS`; a call that takes too long is warned of, every call is a DEBUG line where
somebody listens to those (``docs/profiling.rst``).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Coroutine
from contextvars import copy_context
from functools import wraps
from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction
from types import CoroutineType
from typing import Any, ParamSpec, TypeVar, cast

from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from lanrage.core.timed_operations import TIMED
from lanrage.core.timings import Outcome, SlowCall, Slowest, TimedCalls
from lanrage.errors import BadInput
from lanrage.log_context import get_context

P = ParamSpec("P")
T = TypeVar("T")

Clock = Callable[[], float]

_DONE = Outcome.DONE  # an enumeration's members are slow to look up

MARK = "__timed_operation__"
"""The attribute of a timed function that holds its operation's name."""


class Timings:
    """What the calls of all operations took.

    :param clock: seconds, only forward.
    :param now: seconds since the epoch.
    :ivar calls: by operation's name.
    :ivar slowest: the slowest calls.
    :ivar lines: a DEBUG line is written for each timed call; set by who configures the logs.
    """

    log = Logger(namespace="lanrage.timing")

    def __init__(self, clock: Clock = time.perf_counter, now: Clock = time.time) -> None:
        self._clock = clock
        self._now = now
        self.calls: dict[str, TimedCalls] = {}
        self.slowest = Slowest()
        self.lines = False

    def reset(self) -> None:
        """Forget the durations of all calls, and count those from now on apart; the counts of all calls go on."""
        for calls in self.calls.values():
            calls.reset()
        self.slowest.reset()

    def decorator(
        self, name: str, slow: float | None = None, sample: int | None = None
    ) -> Callable[[Callable[P, T]], Callable[P, T]]:
        """See :func:`timing_decorator`."""
        known = TIMED.get(name)
        record = self._record(
            name,
            slow if slow is not None else known.slow if known else math.inf,
            sample if sample is not None else known.sample if known else 1,
        )

        def decorate(call: Callable[P, T]) -> Callable[P, T]:
            if isgeneratorfunction(call) or isasyncgenfunction(call):
                raise BadInput("call", f"{call.__qualname__} makes a generator, whose work cannot be timed")
            wrapped = self._coroutine if iscoroutinefunction(call) else self._plain
            timed = _one_of(record.sample, call, wrapped(call, record))
            setattr(timed, MARK, name)
            return timed

        return decorate

    def span(self, name: str) -> Span:
        """See :func:`timing_span`."""
        known = TIMED.get(name)
        return Span(self, self._record(name, known.slow if known else math.inf, 1))

    def _record(self, name: str, slow: float, sample: int) -> TimedCalls:
        if sample < 1:
            raise BadInput("sample", "must be a whole number of calls, at least 1")
        record = self.calls.setdefault(name, TimedCalls(name, slow, sample))
        if (record.slow, record.sample) != (slow, sample):
            raise BadInput("name", f"{name} is timed elsewhere with another threshold or sample")
        return record

    def _plain(self, call: Callable[P, T], record: TimedCalls) -> Callable[P, T]:
        clock, finish = self._clock, self.finish

        @wraps(call)
        def timed(*args: P.args, **kwargs: P.kwargs) -> T:
            started = clock()
            try:
                result = call(*args, **kwargs)
            except BaseException as error:
                finish(record, clock() - started, _outcome(error))
                raise
            if isinstance(result, _LATER):
                return cast(T, self._later(result, record, started))
            finish(record, clock() - started, _DONE)
            return result

        return timed

    def _coroutine(self, call: Callable[P, T], record: TimedCalls) -> Callable[P, T]:
        clock, wait = self._clock, self._wait

        @wraps(call)
        async def timed(*args: P.args, **kwargs: P.kwargs) -> Any:
            started = clock()
            return await wait(cast(Coroutine[Any, Any, Any], call(*args, **kwargs)), record, started)

        return cast(Callable[P, T], timed)

    def _later(self, result: Any, record: TimedCalls, started: float) -> Any:
        """The very Deferred, which goes on with its own result; a coroutine that does what the given one does."""
        if isinstance(result, CoroutineType):
            return self._wait(result, record, started)
        context = copy_context()

        def fired(outcome: Any) -> Any:
            ended = _outcome(outcome.value) if isinstance(outcome, Failure) else _DONE
            context.run(self.finish, record, self._clock() - started, ended)
            return outcome

        return result.addBoth(fired)

    async def _wait(self, work: Coroutine[Any, Any, T], record: TimedCalls, started: float) -> T:
        try:
            result = await work
        except BaseException as error:
            self.finish(record, self._clock() - started, _outcome(error))
            raise
        self.finish(record, self._clock() - started, _DONE)
        return result

    def finish(self, record: TimedCalls, elapsed: float, outcome: Outcome = _DONE) -> None:
        """A call of an operation ended after `elapsed` seconds."""
        record.note(elapsed)
        if outcome is not _DONE:
            record.ended_badly(outcome)
        if elapsed > self.slowest.floor:
            self.slowest.note(SlowCall(elapsed, self._now(), record.name, outcome, get_context()))
        if self.lines:
            self.log.debug(
                "{operation} took {seconds:.6f} s: {outcome}",
                operation=record.name,
                seconds=elapsed,
                outcome=outcome.value,
            )
        if elapsed > record.slow:
            self._warn(record, elapsed, outcome)

    def _warn(self, record: TimedCalls, elapsed: float, outcome: Outcome) -> None:
        unsaid = record.warns(self._clock())
        if unsaid is not None:
            self.log.warn(
                "{operation} took {seconds:.3f} s, more than {limit:g} s: {outcome} (so did {unsaid} before, untold)",
                operation=record.name,
                seconds=elapsed,
                limit=record.slow,
                outcome=outcome.value,
                unsaid=unsaid,
            )


class Span:
    """An operation that is no call of one function: who sees it end says how long it took."""

    def __init__(self, timings: Timings, record: TimedCalls) -> None:
        setattr(self, MARK, record.name)
        self._timings = timings
        self._record = record

    def note(self, elapsed: float, outcome: Outcome = _DONE) -> None:
        """One ended after `elapsed` seconds."""
        self._timings.finish(self._record, elapsed, outcome)


TIMINGS = Timings()
"""What all operations of this process took."""

_LATER = (Deferred, CoroutineType)
"""Results whose work goes on when the function has returned."""


def timing_decorator(
    name: str, slow: float | None = None, sample: int | None = None
) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Time the calls of a function, a coroutine function, or a function that returns a Deferred, into :data:`TIMINGS`.

    What is returned and raised stays what it was: of a Deferred it is the very object, its first callback looks at the
    result and passes it on, and to cancel it does what it did. A coroutine is timed until it ends, waits included.

    :param name: one of :data:`lanrage.core.timed_operations.TIMED`; several functions may be one operation.
    :param slow: seconds; a call that takes longer is warned of, at most once in
        :data:`lanrage.core.timings.WARN_PAUSE`. Without it, what the table says.
    :param sample: one call of so many is timed and stands for the others, on paths where each call counts.
    :raises BadInput: for a generator; where the operation is timed elsewhere with other numbers.
    """
    return TIMINGS.decorator(name, slow, sample)


def timing_span(name: str) -> Span:
    """Time an operation that begins in one place and ends in another, into :data:`TIMINGS`.

    :param name: one of :data:`lanrage.core.timed_operations.TIMED`.
    """
    return TIMINGS.span(name)


def _one_of(sample: int, call: Callable[P, T], timed: Callable[P, T]) -> Callable[P, T]:
    """`timed` for one call of so many, the bare one for the others."""
    if sample == 1:
        return timed
    left = sample

    @wraps(call)
    def sampled(*args: P.args, **kwargs: P.kwargs) -> T:
        nonlocal left
        left -= 1
        if left > 0:
            return call(*args, **kwargs)
        left = sample
        return timed(*args, **kwargs)

    return sampled


def _outcome(error: BaseException | None) -> Outcome:
    return Outcome.CANCELLED if isinstance(error, CancelledError | GeneratorExit) else Outcome.FAILED
