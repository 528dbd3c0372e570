"""Operations of the profiler, for the table in :mod:`lanrage.app.operations`."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated, Any

from msgspec import Meta
from zope.interface import Interface

from lanrage.app.operation import Nothing, Operation, Request
from lanrage.app.profile_results import (
    HotspotsShown,
    ProfileSaved,
    ProfileShown,
    SlowestShown,
    StatsShown,
    SystemShown,
)
from lanrage.core.stack_profile import HERTZ, HERTZ_RANGE, MINUTES, MINUTES_LIMIT
from lanrage.core.timings import SLOWEST

HOTSPOTS, HOTSPOTS_LIMIT = 20, 1000

ModeText = Annotated[str, Meta(pattern=r"^(sampling|deterministic)$", description="one of sampling and deterministic")]
Hertz = Annotated[
    int,
    Meta(
        ge=HERTZ_RANGE[0],
        le=HERTZ_RANGE[1],
        description=f"a whole number of samples a second from {HERTZ_RANGE[0]} to {HERTZ_RANGE[1]}",
    ),
]
Minutes = Annotated[
    float, Meta(gt=0, le=MINUTES_LIMIT, description=f"a number of minutes, more than 0 and at most {MINUTES_LIMIT}")
]
Rows = Annotated[int, Meta(ge=1, le=HOTSPOTS_LIMIT, description=f"a whole number of rows from 1 to {HOTSPOTS_LIMIT}")]
ThreadsText = Annotated[
    str, Meta(pattern=r"^(reactor|others)$", description="reactor, or others for all threads beside it")
]


class IProfileNode(Interface):
    """What a node shows of its own speed; see :class:`lanrage.app.operations.INode`."""

    # Interface methods have no self and no body.
    # pylint: disable=no-self-argument,no-method-argument

    def profile_on(*, mode: str, hertz: int, minutes: float) -> Awaitable[dict[str, Any]]:
        """Begin to profile; the result is a :class:`ProfileShown`, as of all that switch it."""

    def profile_off() -> Awaitable[dict[str, Any]]:
        """End; what was seen stays."""

    def profile_reset() -> Awaitable[dict[str, Any]]:
        """Forget what was seen, and what was timed."""

    def profile_stats() -> Awaitable[dict[str, Any]]:
        """The profiler's state and the timed operations; the result is a :class:`StatsShown`."""

    def profile_hotspots(*, limit: int, threads: str) -> Awaitable[dict[str, Any]]:
        """Functions by their own time; the result is a :class:`HotspotsShown`."""

    def profile_slow(*, limit: int) -> Awaitable[dict[str, Any]]:
        """The slowest calls and the stalls; the result is a :class:`SlowestShown`."""

    def profile_system() -> Awaitable[dict[str, Any]]:
        """What the process uses; the result is a :class:`SystemShown`."""

    def profile_save(*, end: bool) -> Awaitable[dict[str, Any]]:
        """What was seen as a file, after an end of profiling where that is asked for; a :class:`ProfileSaved`."""


class ProfileOn(Request, frozen=True):
    """Arguments of ``profile.on``."""

    mode: ModeText = "sampling"
    hertz: Hertz = HERTZ
    minutes: Minutes = float(MINUTES)


class ProfileHotspots(Request, frozen=True):
    """Arguments of ``profile.hotspots``."""

    limit: Rows = HOTSPOTS
    threads: ThreadsText = "reactor"


class ProfileSlow(Request, frozen=True):
    """Arguments of ``profile.slow``."""

    limit: Rows = SLOWEST


class ProfileSave(Request, frozen=True):
    """Arguments of ``profile.save``."""

    end: Annotated[bool, Meta(description="true or false: profiling ends with it")] = False


PROFILE = (
    Operation(
        "profile.on",
        ProfileOn,
        ProfileShown,
        "profile_on",
        "Begin to profile the process, without a restart; it ends by itself.",
        "lanrage profile on --minutes 5",
    ),
    Operation(
        "profile.off",
        Nothing,
        ProfileShown,
        "profile_off",
        "End profiling; what was seen stays.",
        "lanrage profile off --output party.speedscope.json",
    ),
    Operation(
        "profile.reset",
        Nothing,
        ProfileShown,
        "profile_reset",
        "Forget what was profiled and timed until now.",
        "lanrage profile reset",
    ),
    Operation(
        "profile.stats",
        Nothing,
        StatsShown,
        "profile_stats",
        "Show what the profiler does and costs, and how long the timed operations take.",
        "lanrage profile stats",
        reads=True,
    ),
    Operation(
        "profile.hotspots",
        ProfileHotspots,
        HotspotsShown,
        "profile_hotspots",
        "Show the functions in which the time went, the hottest first.",
        "lanrage profile hotspots",
        reads=True,
    ),
    Operation(
        "profile.slow",
        ProfileSlow,
        SlowestShown,
        "profile_slow",
        "Show the slowest timed calls, and the last times the process stood still.",
        "lanrage profile slow --limit 10",
        reads=True,
    ),
    Operation(
        "profile.system",
        Nothing,
        SystemShown,
        "profile_system",
        "Show the memory, processor time, threads and files of the process.",
        "lanrage profile system",
        reads=True,
    ),
    Operation(
        "profile.save",
        ProfileSave,
        ProfileSaved,
        "profile_save",
        "Give the profile as a file for speedscope, or, of deterministic profiling, for snakeviz.",
        "lanrage profile save --output party.speedscope.json",
    ),
)
"""Rows of the table."""
