"""Work that is planted into a running program, for a profiler or a watch to find."""

from __future__ import annotations

import time
from typing import Any

from twisted.internet.task import LoopingCall


def planted_hotspot() -> int:
    """Some tenths of a millisecond of work in Python."""
    total = 0
    for number in range(6000):
        total += number * number
    return total


def minor_work() -> int:
    """Much less of it."""
    return sum(number for number in range(300))


def planted_block(seconds: float) -> None:
    """What nobody may do in a reactor."""
    time.sleep(seconds)


def _work() -> None:
    planted_hotspot()
    minor_work()


def load(reactor: Any) -> LoopingCall:
    """A service under load: short work 500 times a second, most of it in :func:`planted_hotspot`; it runs already."""
    loop = LoopingCall(_work)
    loop.clock = reactor
    loop.start(0.002)
    return loop
