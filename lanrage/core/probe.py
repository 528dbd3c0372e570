"""What members tell each other on a path to find out whether it is open, and to agree on it."""

from __future__ import annotations

import enum

import attrs

from lanrage.core.links import Endpoint


class ProbeKind(enum.IntEnum):
    """What a probe is for; 5 is a knock (:mod:`lanrage.wire.knocks`)."""

    PING = 1
    """Is this path open? Empty body."""
    PONG = 2
    """It is; body: the address from which the ping was seen."""
    DECIDE = 3
    """The deciding end chose this path; body: number of the decision."""
    DECIDED = 4
    """The other end agrees; body: number of the decision."""


@attrs.frozen
class Probe:
    """One probe.

    :param tag: the sender's tag, 8 bytes.
    :param session: the sender's session, 8 bytes.
    :param transaction: 8 bytes: the number of its sender's PING or DECIDE, rising; echoed by the answer.
    :param observed: only in a PONG.
    :param decision: only in DECIDE and DECIDED, 1 to 2**32-1.
    :param knows: of one that was heard: its sender knows our present session, so it is no copy of one from before.
    """

    kind: ProbeKind
    tag: bytes
    session: bytes
    transaction: bytes
    observed: Endpoint | None = None
    decision: int = 0
    knows: bool = False
