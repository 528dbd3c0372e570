"""The operations of the profiler, as one part of the node (``docs/profiling.rst``)."""

from __future__ import annotations

import gzip
import threading
import time
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import msgspec
from twisted.logger import Logger

from lanrage.app import profile_view
from lanrage.app.profile_results import ProfileSaved
from lanrage.app.profiler import Mode, Profiler
from lanrage.app.stall_watch import STALLS
from lanrage.errors import LanrageError
from lanrage.net.process_facts import ProcessFacts, read_process
from lanrage.net.threads import in_thread
from lanrage.timing import TIMINGS, timing_decorator
from lanrage.wire.local import ANSWER_LIMIT

CONTENT_LIMIT = ANSWER_LIMIT - 4096
"""Characters of a file in one answer; the rest is for what is around it."""

LAG_TIMEOUT = 2.0
"""Seconds after which the reactor's answer is not waited for any longer."""


class ProfileNode:
    """Part of :class:`lanrage.app.node.NodeService` and :class:`lanrage.app.machine_room.MachineRoom`."""

    log = Logger()
    _reactor: Any
    _now: Callable[[], float]
    _profiler_made: Profiler | None = None

    @property
    def _profiler(self) -> Profiler:
        """Made when it is first asked for: a node that nobody profiles has none."""
        if self._profiler_made is None:
            self._profiler_made = Profiler(self._reactor)
        return self._profiler_made

    def end_profiling(self) -> None:
        """The node stops."""
        if self._profiler_made is not None:
            self._profiler_made.stop()

    @timing_decorator("profiler.on")
    async def profile_on(self, *, mode: str, hertz: int, minutes: float) -> dict[str, Any]:
        """See :meth:`INode.profile_on`."""
        self._profiler.start(Mode(mode), hertz, minutes)
        return _plain(profile_view.profile(self._profiler))

    @timing_decorator("profiler.off")
    async def profile_off(self) -> dict[str, Any]:
        """See :meth:`INode.profile_off`."""
        self._profiler.stop()
        return _plain(profile_view.profile(self._profiler))

    @timing_decorator("profiler.reset")
    async def profile_reset(self) -> dict[str, Any]:
        """See :meth:`INode.profile_reset`."""
        self._profiler.reset()
        TIMINGS.reset()
        STALLS.reset()
        return _plain(profile_view.profile(self._profiler))

    @timing_decorator("profiler.stats")
    async def profile_stats(self) -> dict[str, Any]:
        """See :meth:`INode.profile_stats`."""
        return _plain(profile_view.stats(self._profiler, TIMINGS))

    @timing_decorator("profiler.hotspots")
    async def profile_hotspots(self, *, limit: int, threads: str) -> dict[str, Any]:
        """See :meth:`INode.profile_hotspots`."""
        return _plain(profile_view.hotspots(self._profiler, limit, others=threads == "others"))

    @timing_decorator("profiler.slow")
    async def profile_slow(self, *, limit: int) -> dict[str, Any]:
        """See :meth:`INode.profile_slow`."""
        return _plain(profile_view.slowest(TIMINGS, STALLS, limit))

    @timing_decorator("profiler.system")
    async def profile_system(self) -> dict[str, Any]:
        """See :meth:`INode.profile_system`."""
        facts, lag = await in_thread(self._reactor, self._measure)
        return _plain(profile_view.system(facts, STALLS, lag, self._reactor.getDelayedCalls()))

    async def profile_save(self, *, end: bool) -> dict[str, Any]:
        """See :meth:`INode.profile_save`."""
        if end:
            self._profiler.stop()
        kind, make = self._profiler.file()
        content = await in_thread(self._reactor, lambda: b64encode(gzip.compress(make())).decode("ascii"))
        if len(content) > CONTENT_LIMIT:
            raise LanrageError("the profile is too large for one answer: reset it, and profile for a shorter time")
        return _plain(ProfileSaved(profile_view.profile(self._profiler), kind, content))

    def _measure(self) -> tuple[ProcessFacts, float]:
        """Called in a thread: the process, and how long the reactor takes to answer."""
        facts = read_process(self._now())
        answered, asked = threading.Event(), time.perf_counter()
        self._reactor.callFromThread(answered.set)
        answered.wait(LAG_TIMEOUT)
        return facts, time.perf_counter() - asked


def _plain(value: msgspec.Struct) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(value)
    return plain
