"""The operations ``web.*``.

Made by docs/tables.py from the table of operations; do not edit it.
"""

# One method takes as many arguments as its operation has.
# pylint: disable=too-many-arguments

from __future__ import annotations

from lanrage.app.operations_web import WebOpened
from lanrage.client.asking import Asker


class WebCalls:
    """The operations ``web.*``."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    async def open(self, *, descriptor: int | None = None) -> WebOpened:
        """Make a link to this node's page that logs the calling user in, once."""
        return await self._asker.ask("web.open", {}, WebOpened, descriptor=descriptor)
