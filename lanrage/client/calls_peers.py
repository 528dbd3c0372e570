"""The operations ``peers.*``.

Made by docs/tables.py from the table of operations; do not edit it.
"""

# One method takes as many arguments as its operation has.
# pylint: disable=too-many-arguments

from __future__ import annotations

from collections.abc import AsyncGenerator

from lanrage.app.path_results import PeerShown
from lanrage.client.asking import Asker


class PeersCalls:
    """The operations ``peers.*``."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    async def show(self, *, member: str) -> PeerShown:
        """Show the link to one member: its paths, and each move of its traffic with the reason."""
        args = {"member": member}
        return await self._asker.ask("peers.show", args, PeerShown)


class PeersWatch:
    """The operations ``peers.*``, watched: what is so now, and each change."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    def show(self, *, member: str) -> AsyncGenerator[PeerShown, None]:
        """Show the link to one member: its paths, and each move of its traffic with the reason."""
        args = {"member": member}
        return self._asker.follow("peers.show", args, PeerShown)
