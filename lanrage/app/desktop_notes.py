"""Shows on a session's desktop what the node asks its agent for (``docs/desktop.rst``)."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from twisted.logger import Logger

from lanrage.core.game_orders import ShowNote
from lanrage.core.rate import TokenBucket
from lanrage.errors import LanrageError, Refused
from lanrage.net.session_bus import bus_path, show_note

RATE, BURST = 1 / 5, 6.0
"""Notes a second, and at once, that one agent shows, whatever its node says."""

log = Logger()

Show = Callable[[str, str, bool], Awaitable[int]]
"""Shows (title, text, urgent)."""


async def on_desktop(
    reactor: Any, environment: Mapping[str, str], user: int, title: str, text: str, urgent: bool
) -> int:
    """Show it where this session's desktop is; see :func:`lanrage.net.session_bus.show_note`."""
    return await show_note(reactor, bus_path(environment, user), title, text, urgent)


class DesktopNotes:
    """Does orders of the kind ``notify``.

    :param show: a test's own.
    """

    def __init__(self, reactor: Any, show: Show | None = None) -> None:
        self._reactor = reactor
        self._show: Show = show or partial(on_desktop, reactor, os.environ, os.geteuid())
        self._bucket = TokenBucket(RATE, BURST)
        self._trouble = ""

    async def __call__(self, order: ShowNote) -> tuple[()]:
        """Show it; that there is no desktop is logged once, until there is one.

        :raises LanrageError: why it is not shown.
        """
        if not self._bucket.take(self._reactor.seconds()):
            raise Refused("busy", "this desktop was shown enough; it is shown more in some seconds")
        try:
            await self._show(order.title, order.text, order.urgency == "critical")
        except LanrageError as error:
            if str(error) != self._trouble:
                log.info("notifications are not shown in this session: {reason}", reason=str(error))
            self._trouble = str(error)
            raise
        self._trouble = ""
        return ()
