"""What this process uses of its machine (psutil; blocks for some milliseconds)."""

from __future__ import annotations

import gc
import threading

import attrs
import psutil

CPU_WINDOW = 0.1
"""Seconds over which the processor's present share is measured."""


@attrs.frozen
class ProcessFacts:
    """Of this process now.

    :param resident: bytes of memory that it holds; ``virtual``: that it has asked for.
    :param processor: seconds of processor time since it began; ``share``: percent of one processor now.
    :param files: open descriptors.
    :param threads: names of Python's threads; ``all_threads``: number of all of them.
    :param collections: of each generation of the garbage collector; ``uncollectable``: objects that it could not free.
    :param up: seconds since it began.
    :param machine_free: bytes of memory that the machine can still give.
    """

    resident: int
    virtual: int
    processor: float
    share: float
    files: int
    threads: tuple[str, ...]
    all_threads: int
    collections: tuple[int, ...]
    uncollectable: int
    up: float
    machine_free: int


def read_process(now: float) -> ProcessFacts:
    """Look; blocks for :data:`CPU_WINDOW`.

    :param now: seconds since the epoch.
    """
    process = psutil.Process()
    share = process.cpu_percent(CPU_WINDOW)
    with process.oneshot():
        memory, times = process.memory_info(), process.cpu_times()
        collected = gc.get_stats()
        return ProcessFacts(
            memory.rss,
            memory.vms,
            times.user + times.system,
            share,
            process.num_fds(),
            tuple(sorted(thread.name for thread in threading.enumerate())),
            process.num_threads(),
            tuple(generation["collections"] for generation in collected),
            sum(generation["uncollectable"] for generation in collected),
            max(0.0, now - process.create_time()),
            psutil.virtual_memory().available,
        )
