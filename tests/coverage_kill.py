"""A plugin of coverage: twistd ends itself by the signal that it got, so what it measured must be saved before that."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

from coverage import Coverage
from coverage.plugin_support import Plugins


def saving_first(kill: Callable[[int, int], None]) -> Callable[[int, int], None]:
    """An ``os.kill`` that saves what was measured before the process ends itself.

    A signal that it deals with does not end it, and measuring goes on.

    :param kill: the real one.
    """

    def kill_after_saving(pid: int, number: int) -> None:
        current = Coverage.current()
        if pid == os.getpid() and current is not None and signal.getsignal(number) == signal.SIG_DFL:
            current.stop()
            current.save()
        kill(pid, number)

    return kill_after_saving


def coverage_init(registry: Plugins, options: dict[str, Any]) -> None:
    """Called by coverage in each process that it measures; there is nothing to register."""
    del registry, options
    if os.kill.__name__ == "kill":
        os.kill = saving_first(os.kill)
