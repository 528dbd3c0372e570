"""The operations ``agent.*``.

Made by docs/tables.py from the table of operations; do not edit it.
"""

# One method takes as many arguments as its operation has.
# pylint: disable=too-many-arguments

from __future__ import annotations

from collections.abc import Sequence

from lanrage.app.operations import Progress
from lanrage.app.operations_agent import Attended, WindowsTaken, WindowTold
from lanrage.client.asking import Asker


class AgentCalls:
    """The operations ``agent.*``."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    async def attend(
        self, *, blind: str = "", progress: Progress | None = None, descriptor: int | None = None
    ) -> Attended:
        """Be the agent of the calling user's session until the connection ends; what it is to do comes as progress."""
        args = {"blind": blind}
        return await self._asker.ask("agent.attend", args, Attended, progress=progress, descriptor=descriptor)

    async def windows(self, *, windows: Sequence[WindowTold], descriptor: int | None = None) -> WindowsTaken:
        """Tell the node which windows the session of the calling agent shows."""
        args = {"windows": list(windows)}
        return await self._asker.ask("agent.windows", args, WindowsTaken, descriptor=descriptor)
