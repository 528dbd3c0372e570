"""The operations ``logs.*``.

Made by docs/tables.py from the table of operations; do not edit it.
"""

# One method takes as many arguments as its operation has.
# pylint: disable=too-many-arguments

from __future__ import annotations

from collections.abc import AsyncGenerator

from lanrage.app.operations_logs import LogsShown
from lanrage.client.asking import Asker


class LogsCalls:
    """The operations ``logs.*``."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    async def show(
        self,
        *,
        level: str = "debug",
        subsystem: str = "",
        correlation_id: str = "",
        text: str = "",
        after: int | None = None,
        limit: int = 100,
    ) -> LogsShown:
        """Show the log's latest lines; 2,000 are kept."""
        args = {
            "level": level,
            "subsystem": subsystem,
            "correlation_id": correlation_id,
            "text": text,
            "after": after,
            "limit": limit,
        }
        return await self._asker.ask("logs.show", args, LogsShown)


class LogsWatch:
    """The operations ``logs.*``, watched: what is so now, and each change."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    def show(
        self,
        *,
        level: str = "debug",
        subsystem: str = "",
        correlation_id: str = "",
        text: str = "",
        after: int | None = None,
        limit: int = 100,
    ) -> AsyncGenerator[LogsShown, None]:
        """Show the log's latest lines; 2,000 are kept."""
        args = {
            "level": level,
            "subsystem": subsystem,
            "correlation_id": correlation_id,
            "text": text,
            "after": after,
            "limit": limit,
        }
        return self._asker.follow("logs.show", args, LogsShown)
