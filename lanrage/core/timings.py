"""What the calls of one operation took: counts, sums, the longest, and a bounded set of late durations. Pure."""

from __future__ import annotations

import heapq
import itertools
import math
from collections import deque
from collections.abc import Iterator, Mapping
from enum import Enum

import attrs

RECENT = 256
"""Late durations that an operation keeps for its percentiles: 2 KiB of references and at most 6 KiB of numbers."""

SLOWEST = 50
"""Slowest calls of all operations that are kept: as many as a person reads."""

WARN_PAUSE = 60.0
"""Seconds between two warnings of one operation: a slow disk must not fill itself with complaints."""


class Outcome(Enum):
    """How a call ended."""

    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@attrs.frozen
class CallCounts:
    """Counts of calls, estimated where not every call is timed.

    :param seconds: what they took together.
    :param slow: of the timed ones alone, those that took too long.
    """

    calls: int = 0
    failures: int = 0
    cancelled: int = 0
    seconds: float = 0.0
    slow: int = 0

    def __sub__(self, other: CallCounts) -> CallCounts:
        return CallCounts(
            self.calls - other.calls,
            self.failures - other.failures,
            self.cancelled - other.cancelled,
            self.seconds - other.seconds,
            self.slow - other.slow,
        )


@attrs.define(eq=False)
class TimedCalls:
    """The calls of one operation. Counts are of all calls ever: metrics are made of them, which must not go back.
    :meth:`since_reset` tells what came after the last reset.

    Each statement of :meth:`note` is one step of the interpreter's lock, so that threads may note at the same time; who
    reads meanwhile may see a call in one field and not yet in the next.

    :param name: of the operation.
    :param slow: seconds; a call that takes longer is worth a warning. Infinite = none is.
    :param sample: one call of so many is timed, and stands for the others.
    :ivar timed: calls that were timed.
    :ivar timed_failures: those of them that failed; ``timed_cancelled``: that were cancelled.
    :ivar timed_seconds: what they took together.
    :ivar longest: seconds of the longest since the last reset.
    :ivar slow_calls: timed calls that took longer than `slow`.
    :ivar recent: seconds of the last :data:`RECENT` of them since the last reset, oldest first.
    """

    name: str
    slow: float = math.inf
    sample: int = 1
    timed: int = 0
    timed_failures: int = 0
    timed_cancelled: int = 0
    timed_seconds: float = 0.0
    longest: float = 0.0
    slow_calls: int = 0
    recent: deque[float] = attrs.field(factory=lambda: deque(maxlen=RECENT))
    _warn_after: float = -math.inf
    _unsaid: int = 0
    _at_reset: CallCounts = CallCounts()

    @property
    def calls(self) -> int:
        """All calls, to within `sample`."""
        return self.timed * self.sample

    @property
    def failures(self) -> int:
        """Calls that raised, cancelled ones not among them; estimated where not every call is timed."""
        return self.timed_failures * self.sample

    @property
    def cancelled(self) -> int:
        """Calls that were given up by who waited for them; estimated where not every call is timed."""
        return self.timed_cancelled * self.sample

    @property
    def seconds(self) -> float:
        """What all calls took together; estimated where not every call is timed."""
        return self.timed_seconds * self.sample

    @property
    def counts(self) -> CallCounts:
        """All of them."""
        return CallCounts(self.calls, self.failures, self.cancelled, self.seconds, self.slow_calls)

    def since_reset(self) -> CallCounts:
        """Those since the last reset."""
        return self.counts - self._at_reset

    def note(self, elapsed: float) -> None:
        """A call took so many seconds."""
        self.timed += 1
        self.timed_seconds += elapsed
        self.recent.append(elapsed)
        if elapsed > self.longest:  # max() is slower  # pylint: disable=consider-using-max-builtin
            self.longest = elapsed

    def ended_badly(self, outcome: Outcome) -> None:
        """The call that was noted failed or was cancelled."""
        if outcome is Outcome.FAILED:
            self.timed_failures += 1
        elif outcome is Outcome.CANCELLED:
            self.timed_cancelled += 1

    def warns(self, now: float) -> int | None:
        """A call was slow: whether that is said, and how many before it were not; ``None`` = it is not said.

        :param now: seconds, of a clock that only moves forward.
        """
        self.slow_calls += 1
        if now < self._warn_after:
            self._unsaid += 1
            return None
        unsaid, self._unsaid = self._unsaid, 0
        self._warn_after = now + WARN_PAUSE
        return unsaid

    def percentile(self, share: float) -> float:
        """Seconds that `share` (0 to 1) of the late calls did not exceed, by nearest rank; 0 where there are none."""
        values = sorted(self.recent)
        return values[max(0, math.ceil(share * len(values)) - 1)] if values else 0.0

    def reset(self) -> None:
        """Look at what comes from now on alone; the counts go on: threads count meanwhile, and metrics read them."""
        self._at_reset, self._unsaid, self.longest = self.counts, 0, 0.0
        self._warn_after = -math.inf
        self.recent.clear()


@attrs.frozen(order=True)
class SlowCall:
    """One of the slowest calls.

    :param seconds: what it took.
    :param ended: seconds since the epoch.
    :param name: of the operation.
    :param context: the log context in which it ended (:mod:`lanrage.log_context`).
    """

    seconds: float
    ended: float
    name: str
    outcome: Outcome = attrs.field(order=False)
    context: Mapping[str, str] = attrs.field(order=False, factory=dict)


@attrs.define
class Slowest:
    """The slowest calls of all operations, at most :data:`SLOWEST` of them.

    :ivar floor: a call that took no longer than this is not among them.
    """

    floor: float = 0.0
    _calls: list[tuple[float, int, SlowCall]] = attrs.field(factory=list)
    _number: Iterator[int] = attrs.field(factory=itertools.count)

    def note(self, call: SlowCall) -> None:
        """Take a call in if it is slow enough. Threads do so at any time: numbers compare without Python code between,
        so that each of the steps is one."""
        held = (call.seconds, next(self._number), call)
        if len(self._calls) < SLOWEST:
            heapq.heappush(self._calls, held)
        else:
            heapq.heappushpop(self._calls, held)
        calls = self._calls[:1]
        if calls and len(self._calls) >= SLOWEST:
            self.floor = calls[0][0]

    def calls(self) -> list[SlowCall]:
        """The slowest first."""
        return [call for _, _, call in sorted(self._calls[:], reverse=True)]

    def reset(self) -> None:
        """Forget all."""
        self._calls = []
        self.floor = 0.0
