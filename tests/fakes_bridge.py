"""The part of a fake node that bridges cards."""

from __future__ import annotations

from typing import Any

import msgspec

from lanrage.app.bridge_results import BridgedDevice, BridgedPort, BridgeShown, BridgesShown


def shown_bridge(interface: str, device: str | None) -> BridgeShown:
    """A bridge that stands, with a console."""
    ports = [BridgedPort(3074, 3074), BridgedPort(5000, 61000)]
    return BridgeShown(interface, device, "192.168.1.20", "", False, [BridgedDevice("192.168.1.50", ports)])


class FakeBridges:
    """Notes each call and answers as the real one does."""

    def _enter(self, *call: Any) -> None:
        raise NotImplementedError

    def _in_party(self) -> str:
        raise NotImplementedError

    async def bridge_lan(self, *, interface: str, device: str, off: bool) -> dict[str, Any]:
        """See :class:`IBridgeNode`."""
        self._enter("bridge_lan", interface, device, off)
        self._in_party()
        shown = [] if off else [shown_bridge(interface, device or None)]
        plain: dict[str, Any] = msgspec.to_builtins(BridgesShown(shown))
        return plain
