"""The operations ``notify.*``.

Made by docs/tables.py from the table of operations; do not edit it.
"""

# One method takes as many arguments as its operation has.
# pylint: disable=too-many-arguments

from __future__ import annotations

from collections.abc import AsyncGenerator

from lanrage.app.operations_notify import TargetsShown, TargetStates, TargetsTested
from lanrage.client.asking import Asker


class NotifyCalls:
    """The operations ``notify.*``."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    async def test(self, *, target: int = 0) -> TargetsTested:
        """Send a test to those who are told of the party, games and alerts, and show what they say."""
        args = {"target": target}
        return await self._asker.ask("notify.test", args, TargetsTested)

    async def list(self) -> TargetsShown:
        """Show who is told of what; addresses are secret, and shown by their host alone."""
        return await self._asker.ask("notify.list", {}, TargetsShown)

    async def status(self) -> TargetStates:
        """Show how those who are told do: what waits, what was sent, what failed."""
        return await self._asker.ask("notify.status", {}, TargetStates)


class NotifyWatch:
    """The operations ``notify.*``, watched: what is so now, and each change."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    def list(self) -> AsyncGenerator[TargetsShown, None]:
        """Show who is told of what; addresses are secret, and shown by their host alone."""
        return self._asker.follow("notify.list", {}, TargetsShown)

    def status(self) -> AsyncGenerator[TargetStates, None]:
        """Show how those who are told do: what waits, what was sent, what failed."""
        return self._asker.follow("notify.status", {}, TargetStates)
