"""The node's operation for browsers, as one part of it (``docs/web-api.rst``)."""

from __future__ import annotations

from typing import Any

import msgspec

from lanrage.app.caller import Caller
from lanrage.app.results import WebShown
from lanrage.app.web_service import WebService
from lanrage.errors import Refused


class WebNode:
    """Part of :class:`lanrage.app.node.NodeService`.

    :ivar web: serves the page beside it.
    """

    web: WebService | None = None

    async def open_web(self, *, caller: Caller) -> dict[str, Any]:
        """See :meth:`INode.open_web`."""
        if self.web is None:
            raise Refused("web_off", "this node serves no page")
        plain: dict[str, Any] = msgspec.to_builtins(self.web.open_for(caller.user))
        return plain

    def web_shown(self) -> WebShown | None:
        """For the status."""
        return self.web.shown() if self.web is not None else None
