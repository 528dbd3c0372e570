"""A node's log in memory."""

from __future__ import annotations

from lanrage.app.logs_node import LogsNode
from lanrage.core.log_values import Plain
from lanrage.logs.record import OWN
from lanrage.logs.ring import LogRing


def record(message: str, level: str = "info", subsystem: str = "party", correlation_id: str = "") -> dict[str, Plain]:
    """A record as the log has it."""
    told: dict[str, Plain] = {"time": "2026-11-28T12:34:56.789012Z", "level": level, "subsystem": subsystem}
    return {**dict.fromkeys(OWN[:15], ""), **told, "message": message, "correlation_id": correlation_id}


def filled(*records: dict[str, Plain]) -> LogRing:
    """A ring that holds these."""
    ring = LogRing()
    for each in records:
        ring.add(each)
    return ring


class FakeLogs(LogsNode):
    """Part of the fake node."""

    log_ring = filled(
        record("party Friday is entered", correlation_id="a1b2"),
        record("a probe came late", "debug", "connection"),
        {**record("the server is away", "warning", "control_client"), "traceback": "Failed at:\n  where"},
        record("\x1b[31mred", "error", "games"),
    )
