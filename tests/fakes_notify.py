"""The part of a fake node that tells others."""

from __future__ import annotations

from typing import Any

import msgspec

from lanrage.app.operations_notify import (
    TargetShown,
    TargetsShown,
    TargetState,
    TargetStates,
    TargetsTested,
    TargetTested,
)

SHOWN = [
    TargetShown(1, "discord", "discord.com", ["alert", "game"]),
    TargetShown(2, "ntfy", "ntfy.example.org:8443", ["joined", "left"]),
]
STATES = [
    TargetState(1, "discord", "discord.com", "idle", 0, 12, 1, 0, ""),
    TargetState(2, "ntfy", "ntfy.example.org:8443", "refused", 0, 3, 4, 5, "HTTP 404"),
]
TESTED = [
    TargetTested(1, "discord", "discord.com", True, ""),
    TargetTested(2, "ntfy", "ntfy.example.org:8443", False, "HTTP 404"),
]


def _plain(value: msgspec.Struct) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(value)
    return plain


class FakeNotify:
    """Two targets, one of which refuses.

    :ivar nobody: there is no target.
    """

    nobody = False

    async def test_targets(self, *, target: int) -> dict[str, Any]:
        """See :class:`INode`."""
        return _plain(TargetsTested([each for each in self._some(TESTED) if target in (0, each.number)]))

    async def list_targets(self) -> dict[str, Any]:
        """See :class:`INode`."""
        return _plain(TargetsShown(self._some(SHOWN)))

    async def show_target_states(self) -> dict[str, Any]:
        """See :class:`INode`."""
        return _plain(TargetStates(self._some(STATES)))

    def _some(self, rows: list[Any]) -> list[Any]:
        return [] if self.nobody else rows
