"""What members say to each other about leases: announcements that a receiver repeats (``docs/protocol-lan.rst``).

The origin's side is :mod:`lanrage.core.lease_origin`, the receiver's :mod:`lanrage.core.lease_replay`; these values
become bytes in :mod:`lanrage.wire.leases`. Times are seconds, each on its machine's own steady clock: only ages travel.
"""

from __future__ import annotations

import attrs

from lanrage.core.lan_frames import Frame

SHORTEST_PERIOD, LONGEST_PERIOD = 0.2, 60.0
"""Seconds between announcements that are leased: what comes more often is play, what comes less costs nothing."""
PERIOD_SLACK = 0.02
"""Share by which a measured period may pass these bounds: a program that sleeps 60 s announces each 60.1 s."""

LEASES_LIMIT = 32
"""Leases of one member: a machine that runs eight games with four announcements each."""
FRAME_LIMIT = 1490
"""Bytes of a leased frame: with the grant's head (20 bytes) it is a message of the carrier (1514 bytes)."""

MISSED_BEATS = 2
"""Periods without the real announcement that end a lease at its origin."""
MISSED_RENEWALS = 3
"""Renewals that did not come that end it at the receiver."""
RENEW_SECONDS, RENEW_PERIODS = 15.0, 6
"""Time between renewals: so many seconds and so many periods at the least. At a period of 1 s the renewals cost 3 % of
what carrying would; a dead path, a member that left and a cancelled lease do not wait for them."""

TOLERANCE_SECONDS, TOLERANCE_SHARE, TOLERANCE_LIMIT = 0.1, 0.1, 0.4
"""How far an announcement may be from its beat: so many seconds or this share of the period, whichever is more, but no
more than the limit's share."""

EARLY = 1e-4
"""Seconds by which a timer may fire early, or a clock's numbers be rounded."""


def tolerance(period: float) -> float:
    """Seconds by which an announcement of this period may be early or late and still be on its beat."""
    return min(max(TOLERANCE_SECONDS, TOLERANCE_SHARE * period), TOLERANCE_LIMIT * period)


def renew_every(period: float) -> float:
    """Seconds between renewals of a lease with this period; both ends know it."""
    return max(RENEW_SECONDS, RENEW_PERIODS * period)


def lasts(period: float) -> float:
    """Seconds that a lease lives at a receiver without a renewal."""
    return MISSED_RENEWALS * (renew_every(period) + period) + MISSED_BEATS * period  # each waits for an announcement


def bounded(period: float) -> float:
    """The period of a lease that is nearest to this one, in seconds."""
    return min(max(period, SHORTEST_PERIOD * (1 - PERIOD_SLACK)), LONGEST_PERIOD * (1 + PERIOD_SLACK))


def fits(period: float) -> bool:
    """Whether announcements of this period, in seconds, are leased."""
    return bounded(period) == period


@attrs.frozen
class Hello:
    """The sender's leases are those of this epoch and no others; it holds none of the receiver's from before.

    :param epoch: drawn when the sender's plane was made, 32 bit.
    """

    epoch: int


@attrs.frozen
class Beat:
    """Where a lease stands.

    :param lease: its number, 16 bit, unique in the origin's epoch for as long as it lives.
    :param beat: announcements since the one that was granted, 32 bit.
    :param period: seconds between two.
    :param age: seconds since this one.
    """

    lease: int
    beat: int
    period: float
    age: float


@attrs.frozen
class Grant:
    """Repeat this frame from now on.

    :param epoch: the origin's.
    :param at: where it stands.
    :param show: the receiver has not seen the announcement yet: repeat it at once, too.
    :param frame: as it was at beat 0.
    """

    epoch: int
    at: Beat
    show: bool
    frame: Frame


@attrs.frozen
class Renew:
    """These leases go on."""

    epoch: int
    beats: tuple[Beat, ...]


@attrs.frozen
class Cancel:
    """Repeat these no more."""

    epoch: int
    leases: tuple[int, ...]


@attrs.frozen
class Have:
    """The sender, a receiver of leases, holds these: its answer to a grant.

    :param epoch: that of the origin, who is told this.
    """

    epoch: int
    leases: tuple[int, ...]


@attrs.frozen
class Lack:
    """The sender holds none of these: its answer to a cancellation, and its question for a lease that it lost."""

    epoch: int
    leases: tuple[int, ...]


Message = Hello | Grant | Renew | Cancel | Have | Lack
