"""The shapes of what the profiler tells (``docs/api.rst``); times in the unit that their name ends with."""

from __future__ import annotations

from lanrage.app.results import Result


class TimedShown(Result, frozen=True):
    """The calls of one timed operation.

    :param sample: one call of so many is timed; the counts are estimates then.
    :param slow: timed calls that took longer than `slow_ms`.
    :param p50_ms: of the last calls, as the other percentiles.
    """

    operation: str
    calls: int
    failures: int
    cancelled: int
    slow: int
    slow_ms: float
    sample: int
    mean_ms: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float


class ProfileShown(Result, frozen=True):
    """The profiler's state.

    :param mode: ``sampling`` or ``deterministic``.
    :param seconds: for how long it has looked since the last reset.
    :param off_in_s: when it goes off by itself; 0 while it is off.
    :param hertz: samples a second.
    :param busy_pct: of that time, how much the reactor's thread was at work.
    :param overhead_pct: of one processor, what looking takes; null for ``deterministic``, which cannot tell.
    :param squeezed: samples whose stack had no room; their functions are counted all the same.
    """

    on: bool
    mode: str
    seconds: float
    off_in_s: float
    hertz: int
    samples: int
    squeezed: int
    busy_pct: float
    overhead_pct: float | None
    functions: int


class StatsShown(Result, frozen=True):
    """The profiler's state, and all timed operations that were called."""

    profile: ProfileShown
    timed: tuple[TimedShown, ...]


class HotspotShown(Result, frozen=True):
    """Where time went.

    :param line: of the function's definition.
    :param self_ms: in the function itself; `total_ms` with all that it calls.
    :param self_pct: of the time in which the thread worked.
    :param calls: null for ``sampling``.
    """

    function: str
    file: str
    line: int
    self_ms: float
    total_ms: float
    self_pct: float
    calls: int | None


class HotspotsShown(Result, frozen=True):
    """Functions by their own time, the hottest first."""

    mode: str
    seconds: float
    busy_pct: float
    hotspots: tuple[HotspotShown, ...]


class SlowShown(Result, frozen=True):
    """One of the slowest timed calls.

    :param at: when it ended, seconds since the epoch.
    :param context: for which peer, party, operation it was.
    """

    operation: str
    ms: float
    at: float
    outcome: str
    context: dict[str, str]


class StallShown(Result, frozen=True):
    """The reactor stood still.

    :param function: ``file:line function`` that it was in; `caller`: the function of this program that led there.
    """

    at: float
    ms: float
    function: str
    caller: str


class SlowestShown(Result, frozen=True):
    """The slowest timed calls, and the last stalls of the reactor."""

    calls: tuple[SlowShown, ...]
    stalls: tuple[StallShown, ...]


class SystemShown(Result, frozen=True):
    """What the process uses.

    :param cpu_pct: of one processor, now; `cpu_s` since it began.
    :param lag_ms: how long the reactor took to do what a thread asked of it, just now.
    :param timers: calls that the reactor has to make later.
    :param gc_collections: of each generation, the youngest first.
    :param stalls: times at which the reactor stood still, `stalled_s` together.
    :param held_up: times at which the whole process stood still.
    """

    rss_bytes: int
    vms_bytes: int
    free_bytes: int
    cpu_pct: float
    cpu_s: float
    up_s: float
    files: int
    threads: int
    thread_names: tuple[str, ...]
    gc_collections: tuple[int, ...]
    gc_uncollectable: int
    lag_ms: float
    timers: int
    stalls: int
    stalled_s: float
    longest_stall_ms: float
    held_up: int


class ProfileSaved(Result, frozen=True):
    """The profile as a file.

    :param format: ``speedscope`` or ``pstats``.
    :param content: gzip, as base64.
    :param profile: the profiler's state after it.
    """

    profile: ProfileShown
    format: str
    content: str
