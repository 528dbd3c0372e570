"""The operations ``metrics.*``.

Made by docs/tables.py from the table of operations; do not edit it.
"""

# One method takes as many arguments as its operation has.
# pylint: disable=too-many-arguments

from __future__ import annotations

from collections.abc import AsyncGenerator

from lanrage.app.metrics_results import MetricsShown
from lanrage.client.asking import Asker


class MetricsCalls:
    """The operations ``metrics.*``."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    async def show(self, *, name: str = "", peer: str = "", window: float = 60.0, history: str = "") -> MetricsShown:
        """Show what is measured: paths, LAN frames, this process; of now, of a window, or by minute, hour, day."""
        args = {"name": name, "peer": peer, "window": window, "history": history}
        return await self._asker.ask("metrics.show", args, MetricsShown)


class MetricsWatch:
    """The operations ``metrics.*``, watched: what is so now, and each change."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    def show(
        self, *, name: str = "", peer: str = "", window: float = 60.0, history: str = ""
    ) -> AsyncGenerator[MetricsShown, None]:
        """Show what is measured: paths, LAN frames, this process; of now, of a window, or by minute, hour, day."""
        args = {"name": name, "peer": peer, "window": window, "history": history}
        return self._asker.follow("metrics.show", args, MetricsShown)
