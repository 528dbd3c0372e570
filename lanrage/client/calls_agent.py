"""The operations ``agent.*``.

Made by docs/tables.py from the table of operations; do not edit it.
"""

# One method takes as many arguments as its operation has.
# pylint: disable=too-many-arguments

from __future__ import annotations

from collections.abc import Sequence

from lanrage.app.operations import Progress
from lanrage.app.operations_agent import Attended, OrderTaken, Rejoined, WindowsTaken, WindowTold
from lanrage.app.operations_offers import LinkKept
from lanrage.client.asking import Asker
from lanrage.core.game_orders import ModsFound


class AgentCalls:
    """The operations ``agent.*``."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    async def link(self, *, link: str, descriptor: int | None = None) -> LinkKept:
        """Keep an invitation that the user took in the session, in Discord say; nothing is joined by it."""
        args = {"link": link}
        return await self._asker.ask("agent.link", args, LinkKept, descriptor=descriptor)

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

    async def done(
        self, *, number: int, error: str = "", result: ModsFound | None = None, descriptor: int | None = None
    ) -> OrderTaken:
        """Tell the node that an order was done, with what it gives back, or why it was not."""
        args = {"number": number, "error": error, "result": result}
        return await self._asker.ask("agent.done", args, OrderTaken, descriptor=descriptor)

    async def rejoin(self, *, login: bool = True, descriptor: int | None = None) -> Rejoined:
        """Bring the node back into the party that it stays out of while nobody is logged in (desktop.rejoin)."""
        args = {"login": login}
        return await self._asker.ask("agent.rejoin", args, Rejoined, descriptor=descriptor)
