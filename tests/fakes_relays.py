"""The part of a fake node that shows its relays."""

from __future__ import annotations

from typing import Any

import msgspec

from lanrage.app.relay_results import RelayMemberShown, RelayPlaceShown, RelayShown, RelaysShown

NEAR, FAR = "00" * 8, "11" * 8


def shown_relays(party_id: str) -> RelaysShown:
    """Two relays, and Ben."""
    near = RelayShown(NEAR, "203.0.113.9:7800-7863", "eu", 0.25, "up", 12.5, 0.0, 1)
    far = RelayShown(FAR, "198.51.100.9:7800-7863", "us", 0.0, "cooling", 80.0, 5.0, 0, 17.4)
    order = [
        RelayPlaceShown(NEAR, 30.0, 30.0, True, True, True, True, "nearest for both"),
        RelayPlaceShown(FAR, None, 210.0, True, False, False, False, "cooling down: 17 s left after a failure"),
    ]
    return RelaysShown(party_id, "eu", [near, far], [RelayMemberShown("Ben", "10.66.0.2", True, order)])


class FakeRelays:
    """Notes each call and answers as the real one does."""

    def _enter(self, *call: Any) -> None:
        raise NotImplementedError

    def _in_party(self) -> str:
        raise NotImplementedError

    async def relays(self) -> dict[str, Any]:
        """See :class:`IRelayNode`."""
        self._enter("relays")
        plain: dict[str, Any] = msgspec.to_builtins(shown_relays(self._in_party()))
        return plain
