"""A sampling profiler: now and then the kernel interrupts the program, which looks where it is (docs/profiling.rst).

The timer counts processor time (``ITIMER_PROF``, setitimer(2)): an idle service is never interrupted. The signal's
handler runs in the main thread, between two steps of what this does. A thread that looked from outside would have to
wait for the interpreter's lock, which a reactor gives away when it has nothing to do: work of less than some
milliseconds at a time would never be seen.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from types import CodeType, FrameType

from lanrage.core.stack_profile import Frame, Hotspot, StackProfile
from lanrage.errors import Refused
from lanrage.net.stacks import Stacks, current_stacks, described, stack, waits


class _Reader:
    """Brings stacks into a profile; a function is described once."""

    def __init__(self) -> None:
        self.profile = StackProfile()
        # By identity, since a code object's own hash looks at all its constants; it is kept, so that the identity is.
        self._known: dict[int, tuple[CodeType, int]] = {}

    def add(self, frame: FrameType, seconds: float) -> None:
        """A stack was seen."""
        self.profile.add([self._number(code) for code in stack(frame)], seconds)

    def reset(self) -> None:
        """Forget all."""
        self.profile.reset()
        self._known.clear()

    def _number(self, code: CodeType) -> int:
        known = self._known.get(id(code))
        if known is not None:
            return known[1]
        number = self.profile.intern(described(code))
        if number:
            self._known[id(code)] = (code, number)
        return number


class Sampler:
    """Samples the main thread, in which the reactor runs, into one profile, and what others work at into another.

    All methods are called from the main thread. What the handler interrupts may be one of them: it leaves the sample
    to the next one then.

    :param worked: processor seconds of this process.
    :param clock: seconds, for what sampling itself costs.
    :ivar samples: how often it looked.
    :ivar failed: how often it could not.
    :ivar cost: seconds that sampling took.
    """

    def __init__(
        self,
        *,
        stacks: Stacks = current_stacks,
        worked: Callable[[], float] = time.process_time,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._stacks, self._worked, self._clock = stacks, worked, clock
        self._main, self._others = _Reader(), _Reader()
        self._seen = 0.0
        self._closed = True
        self.running = False
        self.samples = self.failed = 0
        self.cost = 0.0

    def start(self, hertz: int) -> None:
        """Sample so often in a second of processor time.

        :raises Refused: ``profiler_busy`` where this is not the main thread, or something else has the timer.
        """
        if threading.current_thread() is not threading.main_thread():
            raise Refused("profiler_busy", "a program is sampled from its main thread only")
        if signal.getitimer(signal.ITIMER_PROF) != (0.0, 0.0):
            raise Refused("profiler_busy", "another profiler has this process's timer")
        self._seen, self._closed, self.running = self._worked(), False, True
        signal.signal(signal.SIGPROF, self.look)
        signal.siginterrupt(signal.SIGPROF, False)
        signal.setitimer(signal.ITIMER_PROF, 1 / hertz, 1 / hertz)

    def stop(self) -> None:
        """End; what was seen stays."""
        if self.running:
            self.running, self._closed = False, True
            signal.setitimer(signal.ITIMER_PROF, 0.0)
            # By default the signal ends the process, and one may be on its way.
            signal.signal(signal.SIGPROF, signal.SIG_IGN)

    def reset(self) -> None:
        """Forget what was seen."""
        closed, self._closed = self._closed, True
        self._main.reset()
        self._others.reset()
        self.samples = self.failed = 0
        self.cost, self._seen = 0.0, self._worked()
        self._closed = closed

    def look(self, _signal: int, frame: FrameType | None) -> None:
        """Take one sample, which stands for the processor time since the last one: the signal's handler."""
        if self._closed or frame is None:
            return
        self._closed = True
        began = self._clock()
        try:
            self._look(frame)
            self.samples += 1
        except Exception:  # pylint: disable=broad-exception-caught  # it would come out of whatever was interrupted
            self.failed += 1
        self.cost += self._clock() - began
        self._closed = not self.running

    def hotspots(self, *, others: bool = False) -> list[Hotspot]:
        """Functions by their own processor time; of the main thread, or of all others."""
        closed, self._closed = self._closed, True
        try:
            return (self._others if others else self._main).profile.hotspots()
        finally:
            self._closed = closed

    def stacks(self) -> tuple[list[Frame], list[tuple[tuple[int, ...], float]]]:
        """The main thread as it was seen: functions, and stacks of their numbers with the seconds of each."""
        closed, self._closed = self._closed, True
        try:
            return list(self._main.profile.frames), list(self._main.profile.stacks())
        finally:
            self._closed = closed

    @property
    def seconds(self) -> float:
        """Processor seconds that the main thread was seen at work."""
        return self._main.profile.seconds

    @property
    def squeezed(self) -> int:
        """Samples whose stack had no room."""
        return self._main.profile.squeezed

    def _look(self, frame: FrameType) -> None:
        now = self._worked()
        seconds, self._seen = now - self._seen, now
        if not waits(frame):
            self._main.add(frame, seconds)
            return
        own = threading.get_ident()
        working = [each for thread, each in self._stacks().items() if thread != own and not waits(each)]
        for each in working:
            self._others.add(each, seconds / len(working))
