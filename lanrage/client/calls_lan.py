"""The operations ``lan.*``.

Made by docs/tables.py from the table of operations; do not edit it.
"""

# One method takes as many arguments as its operation has.
# pylint: disable=too-many-arguments

from __future__ import annotations

from collections.abc import AsyncGenerator

from lanrage.app.bridge_results import BridgesShown
from lanrage.app.operations_exposure import ExposureShown
from lanrage.app.visibility_results import VisibilityShown
from lanrage.client.asking import Asker


class LanCalls:
    """The operations ``lan.*``."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    async def exposure(self) -> ExposureShown:
        """Show what of this machine the party reaches, and which ports are in play."""
        return await self._asker.ask("lan.exposure", {}, ExposureShown)

    async def bridge(self, *, interface: str, device: str = "", off: bool = False) -> BridgesShown:
        """Let a device on this machine's LAN, such as a console, take part in the party, in place of this member."""
        args = {"interface": interface, "device": device, "off": off}
        return await self._asker.ask("lan.bridge", args, BridgesShown)

    async def probe(self, *, timeout_s: float = 2.0) -> VisibilityShown:
        """Send a tagged broadcast as a game does, and show at which stage of its way each member confirmed it."""
        args = {"timeout_s": timeout_s}
        return await self._asker.ask("lan.probe", args, VisibilityShown)


class LanWatch:
    """The operations ``lan.*``, watched: what is so now, and each change."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    def exposure(self) -> AsyncGenerator[ExposureShown, None]:
        """Show what of this machine the party reaches, and which ports are in play."""
        return self._asker.follow("lan.exposure", {}, ExposureShown)
