"""The operations ``run.*``.

Made by docs/tables.py from the table of operations; do not edit it.
"""

# One method takes as many arguments as its operation has.
# pylint: disable=too-many-arguments

from __future__ import annotations

from lanrage.app.operations_run import RoomOpened
from lanrage.client.asking import Asker


class RunCalls:
    """The operations ``run.*``."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    async def open(self, *, internet: bool = False, descriptor: int | None = None) -> RoomOpened:
        """Plug the party's card into a network namespace of the caller's, sent as a descriptor with the call, until
        the connection ends.
        """
        args = {"internet": internet}
        return await self._asker.ask("run.open", args, RoomOpened, descriptor=descriptor)
