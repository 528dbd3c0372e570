"""What this process takes of its machine: proc(5), read without waiting and within microseconds."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import attrs

from lanrage.timing import timing_decorator

PROC = Path("/proc/self")
LISTED_LIMIT = 4096
"""Descriptors above which an old kernel's folder is not listed each second: that would take milliseconds."""


@attrs.frozen
class ProcessFigures:
    """At one moment.

    :param memory: bytes in RAM.
    :param cpu: seconds of user and system time since the start.
    :param descriptors: open now; ``None`` = not known.
    :param descriptors_limit: that may be open.
    """

    memory: int
    cpu: float
    descriptors: int | None
    descriptors_limit: int


@attrs.define
class OwnProcess:
    """Reads the figures.

    :param proc: the process' folder.
    """

    proc: Path = PROC
    _page: int = attrs.field(init=False, factory=lambda: os.sysconf("SC_PAGE_SIZE"))
    _many: bool = attrs.field(init=False, default=False)

    @timing_decorator("metrics.collect_system")
    def read(self) -> ProcessFigures:
        """Look.

        :raises OSError: where proc(5) is not mounted.
        """
        memory = int((self.proc / "statm").read_bytes().split()[1]) * self._page
        times = os.times()
        limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        return ProcessFigures(memory, times.user + times.system, self._descriptors(), limit)

    def _descriptors(self) -> int | None:
        """Since Linux 6.2 the folder's size says it; before that it must be listed."""
        folder = self.proc / "fd"
        size = folder.stat().st_size
        if size or self._many:
            return size or None
        count = len(os.listdir(folder))
        self._many = count > LISTED_LIMIT
        return count
