"""The operation that shows the log, as one part of what is asked (``docs/logging.rst``, "The latest lines")."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from lanrage.app.operations_logs import LogsShown
from lanrage.core.log_levels import WORDS
from lanrage.errors import BadInput
from lanrage.logs import RING
from lanrage.logs.ring import Line, LineFilter, LogRing
from lanrage.logs.subsystems import NAMES, OTHER
from lanrage.wire.local import quote


class LogsNode:
    """Part of :class:`lanrage.app.node.NodeService` and :class:`lanrage.app.machine_room.MachineRoom`.

    :cvar log_ring: what was logged; the process's.
    """

    log_ring: ClassVar[LogRing] = RING

    async def show_logs(
        self, *, level: str, subsystem: str, correlation_id: str, text: str, after: int | None, limit: int
    ) -> dict[str, Any]:
        """See :meth:`INode.show_logs`."""
        if subsystem not in ("", *NAMES, OTHER):
            raise BadInput("subsystem", f"{quote(subsystem)} is none; known are: {', '.join((*NAMES, OTHER))}")
        wanted = LineFilter(WORDS[level], subsystem, correlation_id, text)
        page = self.log_ring.latest(wanted, limit) if after is None else self.log_ring.after(after, wanted, limit)
        plain: dict[str, Any] = msgspec.to_builtins(
            LogsShown([_record(line) for line in page.lines], page.last, page.more, page.lost)
        )
        return plain


def _record(line: Line) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(line.json)
    taken = {"sequence_": found["sequence"]} if "sequence" in found else {}
    return {**found, **taken, "sequence": line.number}
