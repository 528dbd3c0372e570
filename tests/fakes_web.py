"""The page of a node in memory."""

from __future__ import annotations

from typing import Any

import msgspec

from lanrage.app.caller import Caller
from lanrage.app.operations_web import WebOpened

PAGE = "http://127.0.0.1:7767/"
CODE = "k8NXhvuBSkUmU59oZODMWLdgakRbwch-ShuGAmjxLxU"


class FakeWeb:
    """Part of the fake node: it makes one link."""

    def _enter(self, *call: Any) -> None:
        raise NotImplementedError

    async def open_web(self, *, caller: Caller) -> dict[str, Any]:
        """See :class:`IWebNode`."""
        self._enter("open_web", caller.user)
        plain: dict[str, Any] = msgspec.to_builtins(WebOpened(f"{PAGE}#login={CODE}", PAGE, 60.0))
        return plain
