"""A deterministic profiler: every call of the reactor's thread, by the standard library's :mod:`cProfile`."""

from __future__ import annotations

import cProfile
import marshal
from typing import Any

from lanrage.core.stack_profile import Frame, Hotspot
from lanrage.errors import Refused

WAITS = frozenset(
    {
        "<method 'poll' of 'select.epoll' objects>",
        "<method 'poll' of 'select.poll' objects>",
        "<built-in method select.select>",
    }
)
"""Calls in which the reactor waits for something to do."""


class CallProfile:
    """Profiles the thread that calls :meth:`start`; all methods are called from that thread.

    Its memory is bounded by the program: one record for each function, and for each pair of caller and called.
    """

    def __init__(self) -> None:
        self._profile = cProfile.Profile()
        self.running = False

    def start(self) -> None:
        """Count all calls from now on.

        :raises Refused: ``profiler_busy`` where another profiler of the interpreter is at work.
        """
        try:
            self._profile.enable()
        except ValueError as error:
            raise Refused("profiler_busy", f"another profiler is at work in this process: {error}") from error
        self.running = True

    def stop(self) -> None:
        """End; what was counted stays."""
        if self.running:
            self.running = False
            self._profile.disable()

    def reset(self) -> None:
        """Forget what was counted."""
        self._profile.clear()

    def hotspots(self) -> list[Hotspot]:
        """Functions by their own time, those in which the reactor waits left out."""
        found = [
            Hotspot(Frame(name, file.replace("~", ""), line), own, total, calls)
            for (file, line, name), (_, calls, own, total, _) in self._stats().items()
            if name not in WAITS
        ]
        return sorted(found, key=lambda each: (-each.seconds, -each.total, each.frame.file, each.frame.line))

    def waited(self) -> float:
        """Seconds in which the reactor waited."""
        return float(sum(own for (_, _, name), (_, _, own, _, _) in self._stats().items() if name in WAITS))

    def dump(self) -> bytes:
        """What :class:`pstats.Stats` loads, and snakeviz with it."""
        return marshal.dumps(self._stats())

    def _stats(self) -> dict[tuple[str, int, str], Any]:
        """As :mod:`pstats` has them: (file, line, name) to primitive calls, calls, own time, total time, callers."""
        self._profile.snapshot_stats()
        stats: dict[tuple[str, int, str], Any] = getattr(self._profile, "stats")  # noqa: B009  # typeshed lacks it
        return stats
