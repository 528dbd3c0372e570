"""The operation that probes visibility, for the table in :mod:`lanrage.app.operations`."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated, Any

from msgspec import Meta
from zope.interface import Interface

from lanrage.app.operation import Operation, Request
from lanrage.app.visibility_results import VisibilityShown

PROBE_SECONDS = 2.0
"""What a probe waits for answers unless told otherwise: a long path's time there and back, several times."""
PROBE_LONGEST = 10.0
"""Seconds; what takes longer no game waits for."""


class ProbeLan(Request, frozen=True):
    """Arguments of ``lan.probe``."""

    timeout_s: Annotated[
        float, Meta(gt=0, le=PROBE_LONGEST, description=f"seconds, more than 0 and at most {PROBE_LONGEST:g}")
    ] = PROBE_SECONDS


class IProbeNode(Interface):
    """What a node proves of visibility; see :class:`lanrage.app.operations.INode`."""

    # Interface methods have no self and no body.
    # pylint: disable=no-self-argument

    def probe_lan(*, timeout_s: float) -> Awaitable[dict[str, Any]]:
        """Send a game's broadcast and see how far it comes; the result is a :class:`VisibilityShown`."""


PROBE = (
    Operation(
        "lan.probe",
        ProbeLan,
        VisibilityShown,
        "probe_lan",
        "Send a tagged broadcast as a game does, and show at which stage of its way each member confirmed it.",
        "lanrage lan probe",
    ),
)
