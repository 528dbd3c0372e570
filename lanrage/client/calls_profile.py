"""The operations ``profile.*``.

Made by docs/tables.py from the table of operations; do not edit it.
"""

# One method takes as many arguments as its operation has.
# pylint: disable=too-many-arguments

from __future__ import annotations

from collections.abc import AsyncGenerator

from lanrage.app.profile_results import HotspotsShown, ProfileSaved, ProfileShown, SlowestShown, StatsShown, SystemShown
from lanrage.client.asking import Asker


class ProfileCalls:
    """The operations ``profile.*``."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    async def on(self, *, mode: str = "sampling", hertz: int = 100, minutes: float = 10.0) -> ProfileShown:
        """Begin to profile the process, without a restart; it ends by itself."""
        args = {"mode": mode, "hertz": hertz, "minutes": minutes}
        return await self._asker.ask("profile.on", args, ProfileShown)

    async def off(self) -> ProfileShown:
        """End profiling; what was seen stays."""
        return await self._asker.ask("profile.off", {}, ProfileShown)

    async def reset(self) -> ProfileShown:
        """Forget what was profiled and timed until now."""
        return await self._asker.ask("profile.reset", {}, ProfileShown)

    async def stats(self) -> StatsShown:
        """Show what the profiler does and costs, and how long the timed operations take."""
        return await self._asker.ask("profile.stats", {}, StatsShown)

    async def hotspots(self, *, limit: int = 20, threads: str = "reactor") -> HotspotsShown:
        """Show the functions in which the time went, the hottest first."""
        args = {"limit": limit, "threads": threads}
        return await self._asker.ask("profile.hotspots", args, HotspotsShown)

    async def slow(self, *, limit: int = 50) -> SlowestShown:
        """Show the slowest timed calls, and the last times the process stood still."""
        args = {"limit": limit}
        return await self._asker.ask("profile.slow", args, SlowestShown)

    async def system(self) -> SystemShown:
        """Show the memory, processor time, threads and files of the process."""
        return await self._asker.ask("profile.system", {}, SystemShown)

    async def save(self, *, end: bool = False) -> ProfileSaved:
        """Give the profile as a file for speedscope, or, of deterministic profiling, for snakeviz."""
        args = {"end": end}
        return await self._asker.ask("profile.save", args, ProfileSaved)


class ProfileWatch:
    """The operations ``profile.*``, watched: what is so now, and each change."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    def stats(self) -> AsyncGenerator[StatsShown, None]:
        """Show what the profiler does and costs, and how long the timed operations take."""
        return self._asker.follow("profile.stats", {}, StatsShown)

    def hotspots(self, *, limit: int = 20, threads: str = "reactor") -> AsyncGenerator[HotspotsShown, None]:
        """Show the functions in which the time went, the hottest first."""
        args = {"limit": limit, "threads": threads}
        return self._asker.follow("profile.hotspots", args, HotspotsShown)

    def slow(self, *, limit: int = 50) -> AsyncGenerator[SlowestShown, None]:
        """Show the slowest timed calls, and the last times the process stood still."""
        args = {"limit": limit}
        return self._asker.follow("profile.slow", args, SlowestShown)

    def system(self) -> AsyncGenerator[SystemShown, None]:
        """Show the memory, processor time, threads and files of the process."""
        return self._asker.follow("profile.system", {}, SystemShown)
