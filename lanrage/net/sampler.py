"""A sampling profiler: now and then the kernel interrupts the program, which looks where it is (docs/profiling.rst).

The signal's handler runs in the main thread, between two steps of what this does. A thread that looked from outside
would have to wait for the interpreter's lock, which a reactor gives away when it has nothing to do: work of less than
some milliseconds at a time would never be seen.

Times between looks are drawn by lot. A signal wakes the reactor, whose next timers count whole milliseconds from there:
in step with signals that came at even times, so that some work would always be seen, and other work never.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from random import random as draw
from types import CodeType, FrameType

from lanrage.core.stack_profile import Frame, Hotspot, StackProfile
from lanrage.errors import Refused
from lanrage.net.stacks import Stacks, current_stacks, described, nothing_collected, stack, waits
from lanrage.net.wall_timer import WallTimer


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

    :param clock: seconds of a clock that stands while the machine sleeps.
    :param random: numbers from 0 to 1.
    :ivar samples: how often it looked.
    :ivar waiting: seconds in which the main thread waited for something to do.
    :ivar failed: how often it could not.
    :ivar cost: seconds that sampling took.
    """

    def __init__(
        self,
        *,
        stacks: Stacks = current_stacks,
        clock: Callable[[], float] = time.perf_counter,
        random: Callable[[], float] = draw,
    ) -> None:
        self._stacks, self._clock, self._random = stacks, clock, random
        self._main, self._others = _Reader(), _Reader()
        self._seen = 0.0
        self._closed = True
        self.running = False
        self.samples = self.failed = 0
        self.waiting = self.cost = 0.0
        self._timer: WallTimer | None = None
        self._period = 1.0

    def start(self, hertz: int) -> None:
        """Sample so often a second.

        :raises Refused: ``profiler_busy`` where this is not the main thread, something else has the signal, or the
            kernel gives no timer.
        """
        if threading.current_thread() is not threading.main_thread():
            raise Refused("profiler_busy", "a program is sampled from its main thread only")
        if signal.getsignal(signal.SIGPROF) not in (signal.SIG_DFL, signal.SIG_IGN):
            raise Refused("profiler_busy", "another profiler has this process's signal")
        signal.signal(signal.SIGPROF, self.look)
        signal.siginterrupt(signal.SIGPROF, False)
        self._seen, self._closed, self.running = self._clock(), False, True
        try:
            self._timer, self._period = WallTimer(signal.SIGPROF), 1 / hertz
            self._arm()
        except (OSError, AttributeError) as error:  # the second: a C library without timer_create(2)
            self.stop()
            raise Refused("profiler_busy", f"the system gives no timer: {error}") from error

    def stop(self) -> None:
        """End; what was seen stays."""
        if self.running:
            self.running, self._closed = False, True
            timer, self._timer = self._timer, None
            if timer is not None:
                timer.close()
            # By default the signal ends the process, and one may be on its way.
            signal.signal(signal.SIGPROF, signal.SIG_IGN)

    def reset(self) -> None:
        """Forget what was seen."""
        closed, self._closed = self._closed, True
        self._main.reset()
        self._others.reset()
        self.samples = self.failed = 0
        self.waiting = self.cost = 0.0
        self._seen = self._clock()
        self._closed = closed

    def look(self, _signal: int, frame: FrameType | None) -> None:
        """Take one sample, which stands for the time since the last one: the signal's handler."""
        if self._closed or frame is None:
            self._arm()
            return
        self._closed = True
        began = self._clock()
        try:
            with nothing_collected():
                self._look(frame)
            self.samples += 1
        except Exception:  # pylint: disable=broad-exception-caught  # it would come out of whatever was interrupted
            self.failed += 1
        self.cost += self._clock() - began
        self._closed = not self.running
        self._arm()

    def hotspots(self, *, others: bool = False) -> list[Hotspot]:
        """Functions by their own time; of the main thread, or of all others."""
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
        """Seconds that the main thread was seen at work."""
        return self._main.profile.seconds

    @property
    def squeezed(self) -> int:
        """Samples whose stack had no room."""
        return self._main.profile.squeezed

    def _arm(self) -> None:
        """The next look, from half to one and a half times the period from now."""
        if self._timer is not None:
            self._timer.arm(self._period * (0.5 + self._random()))

    def _look(self, frame: FrameType) -> None:
        now = self._clock()
        seconds, self._seen = now - self._seen, now
        if not waits(frame):
            self._main.add(frame, seconds)
            return
        self.waiting += seconds
        own = threading.get_ident()
        for thread, each in self._stacks().items():
            if thread != own and not waits(each):
                self._others.add(each, seconds)
