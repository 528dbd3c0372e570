"""What the profiler and the timings saw, in the shapes that operations give back."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from lanrage.app.profile_results import (
    HotspotShown,
    HotspotsShown,
    ProfileShown,
    SlowestShown,
    SlowShown,
    StallShown,
    StatsShown,
    SystemShown,
    TimedShown,
)
from lanrage.app.profiler import Mode, Profiler
from lanrage.app.stall_watch import Stalls
from lanrage.core.timings import CallCounts, TimedCalls
from lanrage.net.process_facts import ProcessFacts
from lanrage.timing import Timings


def profile(profiler: Profiler) -> ProfileShown:
    """The profiler's state."""
    sampling = profiler.mode is Mode.SAMPLING
    sampler = profiler.sampler
    return ProfileShown(
        on=profiler.on,
        mode=profiler.mode.value,
        seconds=profiler.seconds,
        off_in_s=profiler.left,
        hertz=profiler.hertz if sampling else 0,
        samples=sampler.samples if sampling else 0,
        squeezed=sampler.squeezed if sampling else 0,
        busy_pct=100 * profiler.busy,
        overhead_pct=_percent(sampler.cost, profiler.seconds) if sampling else None,
        functions=len(profiler.hotspots()),
    )


def stats(profiler: Profiler, timings: Timings) -> StatsShown:
    """The profiler's state, and the operations that were called, those that took most time first."""
    counted = [(calls, calls.since_reset()) for calls in timings.calls.values()]
    called = sorted((each for each in counted if each[1].calls), key=lambda each: -each[1].seconds)
    return StatsShown(profile(profiler), tuple(_timed(calls, counts) for calls, counts in called))


def hotspots(profiler: Profiler, limit: int, *, others: bool) -> HotspotsShown:
    """The hottest functions."""
    found = profiler.hotspots(others=others)
    worked = sum(each.seconds for each in found)
    rows = tuple(
        HotspotShown(
            each.frame.function,
            each.frame.file,
            each.frame.line,
            1000 * each.seconds,
            1000 * each.total,
            _percent(each.seconds, worked),
            each.calls,
        )
        for each in found[:limit]
    )
    return HotspotsShown(profiler.mode.value, profiler.seconds, 100 * profiler.busy, rows)


def slowest(timings: Timings, stalls: Stalls, limit: int) -> SlowestShown:
    """The slowest calls, and the last stalls."""
    return SlowestShown(
        tuple(
            SlowShown(call.name, 1000 * call.seconds, call.ended, call.outcome.value, dict(call.context))
            for call in islice(timings.slowest.calls(), limit)
        ),
        tuple(StallShown(stall.at, 1000 * stall.seconds, stall.function, stall.caller) for stall in stalls.last),
    )


def system(facts: ProcessFacts, stalls: Stalls, lag: float, timers: Iterable[object]) -> SystemShown:
    """What the process uses.

    :param lag: seconds that the reactor took to answer.
    """
    stall_count, stalled, held_up = stalls.since_reset()
    return SystemShown(
        rss_bytes=facts.resident,
        vms_bytes=facts.virtual,
        free_bytes=facts.machine_free,
        cpu_pct=facts.share,
        cpu_s=facts.processor,
        up_s=facts.up,
        files=facts.files,
        threads=facts.all_threads,
        thread_names=facts.threads,
        gc_collections=facts.collections,
        gc_uncollectable=facts.uncollectable,
        lag_ms=1000 * lag,
        timers=sum(1 for _ in timers),
        stalls=stall_count,
        stalled_s=stalled,
        longest_stall_ms=1000 * stalls.longest,
        held_up=held_up,
    )


def _timed(calls: TimedCalls, counts: CallCounts) -> TimedShown:
    p50, p95, p99 = (1000 * calls.percentile(share) for share in (0.5, 0.95, 0.99))
    return TimedShown(
        operation=calls.name,
        calls=counts.calls,
        failures=counts.failures,
        cancelled=counts.cancelled,
        slow=counts.slow,
        slow_ms=1000 * calls.slow,
        sample=calls.sample,
        mean_ms=1000 * counts.seconds / counts.calls,
        p50_ms=p50,
        p95_ms=p95,
        p99_ms=p99,
        max_ms=1000 * calls.longest,
    )


def _percent(part: float, whole: float) -> float:
    return 100.0 * part / whole if whole > 0 else 0.0
