"""The shapes of what a node tells its users' desktops of (``docs/api.rst``)."""

from __future__ import annotations

from typing import Literal

import msgspec

ReadyWord = Literal["ready", "not-ready", ""]
"""What a member said in a ready check; empty: nothing yet."""


class ReadyMember(msgspec.Struct, frozen=True):
    """One member in a ready check."""

    name: str
    said: ReadyWord


class ReadyShown(msgspec.Struct, frozen=True):
    """The latest ready check.

    :param asker: name of who asks.
    :param outcome: ``asking``, ``ready`` (all are), ``not-ready`` or ``timed-out``.
    :param left_s: seconds in which one may answer.
    """

    asker: str
    outcome: Literal["asking", "ready", "not-ready", "timed-out"]
    left_s: float
    members: list[ReadyMember]


class RecentShown(msgspec.Struct, frozen=True):
    """A party that this machine took part in.

    :param me: its name there.
    :param first: seconds since the epoch, as `last` is.
    :param members: names of the others that were there, those seen last at the end.
    :param now: it is in it now.
    """

    party_id: str
    name: str
    server: str
    me: str
    first: float
    last: float
    members: list[str]
    now: bool = False


class LagShown(msgspec.Struct, frozen=True):
    """How one member's paths are; in the view ``own`` the one from this machine.

    :param score: 0 to 100; null while nothing is measured.
    :param felt: it is felt in games.
    """

    name: str
    score: float | None
    grade: str | None
    felt: bool
    reason: str


class PairLagShown(msgspec.Struct, frozen=True):
    """A bad path between two members, by name."""

    a: str
    b: str
    score: float
    reason: str


class RecentParties(msgspec.Struct, frozen=True):
    """The parties of late, the latest first.

    :param trouble: why they are not remembered; empty where they are.
    """

    parties: list[RecentShown]
    trouble: str = ""


class LagsShown(msgspec.Struct, frozen=True):
    """Who lags.

    :param who: name of the member; empty: nobody.
    :param view: whose measurements were judged: ``party``, or ``own`` where no member tells of its paths.
    :param members: the worst first; this machine's is among them in the view ``party``.
    :param pairs: the bad paths, the worst first.
    """

    party_id: str
    who: str
    headline: str
    members: list[LagShown]
    view: Literal["own", "party"] = "own"
    pairs: list[PairLagShown] = []
