"""The part of a fake node for who sits before it."""

from __future__ import annotations

from typing import Any

import msgspec

from lanrage.app.desktop_results import (
    LagShown,
    LagsShown,
    ReadyMember,
    ReadyShown,
    RecentParties,
    RecentShown,
)

PARTY_ID = "0123456789abcdef0123456789abcdef"
FRIDAY = RecentShown(PARTY_ID, "Friday", "play.example.org:7766", "Ann", 1.7e9, 1.7e9 + 3600, ["Ben", "Cleo"])


class FakeDesktop:
    """Ben lags, and is ready.

    :ivar parties: those of late.
    """

    parties: tuple[RecentShown, ...] = (FRIDAY,)

    def _enter(self, *call: Any) -> None:
        raise NotImplementedError

    def _in_party(self) -> str:
        raise NotImplementedError

    async def recent_parties(self) -> dict[str, Any]:
        """See :class:`INode`."""
        self._enter("recent_parties")
        return _plain(RecentParties(list(self.parties)))

    async def ready_check(self) -> dict[str, Any]:
        """See :class:`INode`."""
        self._enter("ready_check")
        self._in_party()
        members = [ReadyMember("Ann", "ready"), ReadyMember("Ben", "")]
        return _plain(ReadyShown("Ann", "asking", 59.5, members))

    async def answer_ready(self, *, ready: bool) -> dict[str, Any]:
        """See :class:`INode`."""
        self._enter("answer_ready", ready)
        self._in_party()
        outcome, said = ("ready", "ready") if ready else ("not-ready", "not-ready")
        members = [ReadyMember("Ann", said), ReadyMember("Ben", "ready")]  # type: ignore[arg-type]
        return _plain(ReadyShown("Ben", outcome, 20.0, members))  # type: ignore[arg-type]

    async def show_lags(self) -> dict[str, Any]:
        """See :class:`INode`."""
        self._enter("show_lags")
        self._in_party()
        ben = LagShown("Ben", 41.5, "D", True, "packets take 140 ms there and back, by a relay")
        return _plain(LagsShown(PARTY_ID, "Ben", f"Ben lags, as seen from here: {ben.reason}.", [ben]))


def _plain(value: msgspec.Struct) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(value)
    return plain
