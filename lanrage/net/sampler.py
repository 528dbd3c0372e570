"""A sampling profiler: a thread that looks at the others' stacks now and then (``docs/profiling.rst``)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import CodeType, FrameType

from lanrage.core.stack_profile import Frame, Hotspot, StackProfile
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
    """Samples the reactor's thread into one profile, and what the others work at into another.

    All methods may be called from any thread.

    :param reactor_thread: its ident.
    :param clock: seconds of a clock that stands while the machine sleeps.
    :param worked: processor seconds of the calling thread.
    :ivar waiting: seconds in which the reactor's thread waited for something to do.
    :ivar cost: processor seconds that sampling took.
    """

    def __init__(
        self,
        reactor_thread: int,
        *,
        stacks: Stacks = current_stacks,
        clock: Callable[[], float] = time.perf_counter,
        worked: Callable[[], float] = time.thread_time,
    ) -> None:
        self._reactor_thread = reactor_thread
        self._stacks, self._clock, self._worked = stacks, clock, worked
        self._lock = threading.Lock()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None
        self._looked = 0.0
        self._reactor, self._others = _Reader(), _Reader()
        self.waiting = self.cost = 0.0

    @property
    def running(self) -> bool:
        """Whether it samples now."""
        return self._thread is not None

    def start(self, hertz: int) -> None:
        """Sample so often a second from now on."""
        self.stop()
        self._ending.clear()
        self._looked = self._clock()
        self._thread = threading.Thread(target=self._run, args=(1 / hertz,), name="lanrage-sampler", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End; what was seen stays."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._ending.set()
            thread.join()

    def reset(self) -> None:
        """Forget what was seen."""
        with self._lock:
            self._reactor.reset()
            self._others.reset()
            self.waiting = self.cost = 0.0

    def look(self) -> None:
        """Take one sample, which stands for the time since the last one."""
        now = self._clock()
        seconds, self._looked = now - self._looked, now
        own = threading.get_ident()
        frames = self._stacks()
        with self._lock:
            for thread, frame in frames.items():
                if thread == self._reactor_thread:
                    self._see(frame, seconds)
                elif thread != own and not waits(frame):
                    self._others.add(frame, seconds)

    def hotspots(self, *, others: bool = False) -> list[Hotspot]:
        """Functions by their own time; of the reactor's thread, or of all others."""
        with self._lock:
            return (self._others if others else self._reactor).profile.hotspots()

    def stacks(self) -> tuple[list[Frame], list[tuple[tuple[int, ...], float]]]:
        """The reactor's thread as it was seen: functions, and stacks of their numbers with the seconds of each."""
        with self._lock:
            profile = self._reactor.profile
            return list(profile.frames), list(profile.stacks())

    @property
    def seen(self) -> tuple[int, float, int]:
        """Samples in which the reactor's thread worked, seconds that they stand for, samples without room."""
        profile = self._reactor.profile
        return profile.samples, profile.seconds, profile.squeezed

    def _see(self, frame: FrameType, seconds: float) -> None:
        if waits(frame):
            self.waiting += seconds
        else:
            self._reactor.add(frame, seconds)

    def _run(self, interval: float) -> None:
        before = self._worked()
        while not self._ending.wait(interval):
            self.look()
            now = self._worked()
            self.cost += now - before
            before = now
