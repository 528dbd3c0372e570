"""The part of a fake node that profiles."""

from __future__ import annotations

import gzip
from base64 import b64encode
from typing import Any

import attrs
import msgspec

from lanrage.app.profile_results import (
    HotspotShown,
    HotspotsShown,
    ProfileSaved,
    ProfileShown,
    SlowestShown,
    SlowShown,
    StallShown,
    StatsShown,
    SystemShown,
    TimedShown,
)

FILE = b'{"profile": "seen"}'
"""What is saved."""

SLOW = SlowShown("peer.connect", 4200.0, 1700000000.0, "done", {"peer_id": "ben"})
STALL = StallShown(1700000000.0, 400.0, "lanrage/store/files.py:12 write", "")


@attrs.define(slots=False)
class FakeProfile:
    """Notes each call and answers as the real one does.

    :ivar on: whether it profiles.
    :ivar kind: of file.
    :ivar fresh: it has seen nothing yet.
    """

    on: bool = attrs.field(default=False, kw_only=True)
    kind: str = attrs.field(default="speedscope", kw_only=True)
    fresh: bool = attrs.field(default=False, kw_only=True)

    def _enter(self, *call: Any) -> None:
        raise NotImplementedError

    def _profile(self) -> ProfileShown:
        if self.fresh:
            return ProfileShown(False, "sampling", 0.0, 0.0, 100, 0, 0, 0.0, None, 0)
        return ProfileShown(self.on, "sampling", 12.5, 300.0 if self.on else 0.0, 100, 250, 0, 20.5, 0.12, 31)

    def _switched(self, name: str, on: bool, *arguments: Any) -> dict[str, Any]:
        self._enter(name, *arguments)
        self.on = on
        return _plain(self._profile())

    async def profile_on(self, *, mode: str, hertz: int, minutes: float) -> dict[str, Any]:
        """See :class:`IProfileNode`."""
        return self._switched("profile_on", True, mode, hertz, minutes)

    async def profile_off(self) -> dict[str, Any]:
        """See :class:`IProfileNode`."""
        return self._switched("profile_off", False)

    async def profile_reset(self) -> dict[str, Any]:
        """See :class:`IProfileNode`."""
        return self._switched("profile_reset", self.on)

    async def profile_stats(self) -> dict[str, Any]:
        """See :class:`IProfileNode`."""
        self._enter("profile_stats")
        timed = TimedShown("state.flush", 12, 1, 0, 2, 500.0, 1, 20.0, 4.5, 100.0, 700.0, 700.0)
        return _plain(StatsShown(self._profile(), () if self.fresh else (timed,)))

    async def profile_hotspots(self, *, limit: int, threads: str) -> dict[str, Any]:
        """See :class:`IProfileNode`."""
        self._enter("profile_hotspots", limit, threads)
        hot = HotspotShown("encode", "lanrage/wire/frames.py", 40, 300.0, 420.0, 60.0, None)
        return _plain(HotspotsShown("sampling", 12.5, 20.5, () if self.fresh else (hot,)))

    async def profile_slow(self, *, limit: int) -> dict[str, Any]:
        """See :class:`IProfileNode`."""
        self._enter("profile_slow", limit)
        return _plain(SlowestShown(() if self.fresh else (SLOW,), (STALL,)))

    async def profile_system(self) -> dict[str, Any]:
        """See :class:`IProfileNode`."""
        self._enter("profile_system")
        names = ("MainThread", "lanrage-stalls")
        return _plain(
            SystemShown(
                64 << 20, 512 << 20, 1 << 30, 3.5, 12.25, 600.0, 24, 3, names, (30, 3, 1), 0, 0.25, 9, 2, 0.9, 500.0, 1
            )
        )

    async def profile_save(self, *, end: bool) -> dict[str, Any]:
        """See :class:`IProfileNode`."""
        self._enter("profile_save", end)
        self.on = self.on and not end
        return _plain(ProfileSaved(self._profile(), self.kind, b64encode(gzip.compress(FILE)).decode()))


def _plain(value: msgspec.Struct) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(value)
    return plain
