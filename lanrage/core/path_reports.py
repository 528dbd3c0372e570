"""What members tell each other of their paths: the words, and who tells whom when (``docs/protocol-party.rst``).

A pure machine: inputs come with the time, which never goes back. A report goes again every ten seconds, and after a
grade changed two seconds after the last one at the earliest, in a large party later; whoever hears one tells its own
back, so that WireGuard has an answer and takes the path for no dead one. A member that told nothing, since it knows no
reports, is hailed now and then by an empty one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import attrs

from lanrage.core.quality import Grade, grade, score

PathWord = Literal["direct", "relay", "relay-tcp", "none"]
"""How a member is reached."""
ROWS_LIMIT = 64
"""Paths in a report: a party has no more members."""
REPEAT = 10.0
"""Seconds between two tellings of the same: people who ask who lags look again after some."""
SPACING = 2.0
"""Seconds between two tellings to one member, whatever happens: a grade may flap, and a member ask for answers."""
RATE = 10.0
"""Tellings a second to all members together: in a large party a grade that flaps must not fill a home's upload."""
SILENCE = 35.0
"""Seconds until what a member told is forgotten: three tellings were lost."""
HAIL = 30.0
"""Seconds between two empty reports to who tells nothing: as often as heads of the ledger are told, and as small."""


@attrs.frozen
class PathTold:
    """One member's path to another, as it measures it.

    :param rtt: seconds; ``None`` while nothing was measured.
    :param jitter: seconds.
    :param loss: share, 0 to 1.
    """

    kind: PathWord
    rtt: float | None = None
    jitter: float = 0.0
    loss: float = 0.0

    @property
    def score(self) -> float | None:
        """0 to 100, by the rule that each node measures its own with: nobody can tell another than its figures make."""
        if self.kind == "none":
            return 0.0
        return None if self.rtt is None else score(self.rtt, self.jitter, self.loss)

    @property
    def grade(self) -> Grade | None:
        """The score in a letter."""
        value = self.score
        return None if value is None else grade(value)


@attrs.frozen
class Report:
    """What one member told last.

    :param at: when it came.
    :param paths: by the other member's identity.
    """

    at: float
    paths: Mapping[bytes, PathTold]


@attrs.frozen
class Due:
    """To whom something is to be told now.

    :param told: all paths.
    :param hailed: an empty report.
    """

    told: frozenset[bytes] = frozenset()
    hailed: frozenset[bytes] = frozenset()


Seen = Mapping[bytes, PathTold]
"""This node's own paths by the member's identity."""


@attrs.define
class ReportTalk:
    """One node's side. Bounded by the party's members."""

    _ready: frozenset[bytes] = frozenset()
    _heard: dict[bytes, Report] = attrs.field(factory=dict)
    _told_at: dict[bytes, float] = attrs.field(factory=dict)
    _hailed_at: dict[bytes, float] = attrs.field(factory=dict)
    _words: dict[bytes, tuple[PathWord, Grade | None]] = attrs.field(factory=dict)
    _stale: set[bytes] = attrs.field(factory=set)

    def follow(self, ready: frozenset[bytes], members: frozenset[bytes]) -> None:
        """The links to these are up, and these are members; of others nothing is kept."""
        self._ready = ready
        for kept in (self._heard, self._told_at, self._hailed_at):
            for identity in kept.keys() - members:
                del kept[identity]
        for identity in self._hailed_at.keys() - ready:
            del self._hailed_at[identity]  # who comes back is hailed at once
        self._stale &= members

    def heard(self, identity: bytes, paths: Seen, now: float) -> bool:
        """A member told its paths; whether to tell it ours at once. Then that counts as done."""
        self._heard[identity] = Report(now, dict(paths))
        back = identity in self._ready and now - self._told_at.get(identity, float("-inf")) >= SPACING
        if back:
            self._tell(identity, now)
        return back

    def tick(self, seen: Seen, now: float) -> Due:
        """Time has passed, and these are our paths; what is due counts as done."""
        words = {identity: (path.kind, path.grade) for identity, path in seen.items()}
        if words != self._words:
            self._words = words
            self._stale |= self._ready
        speaking = self._ready & self.reports(now).keys()
        told = frozenset(identity for identity in speaking if self._is_due(identity, now))
        for identity in told:
            self._tell(identity, now)
        hailed = frozenset(
            each for each in self._ready - speaking if now - self._hailed_at.get(each, float("-inf")) >= HAIL
        )
        self._hailed_at.update(dict.fromkeys(hailed, now))
        return Due(told, hailed)

    def reports(self, now: float) -> dict[bytes, Report]:
        """What members told that is not too old, by identity."""
        return {identity: report for identity, report in self._heard.items() if now - report.at < SILENCE}

    def _is_due(self, identity: bytes, now: float) -> bool:
        since = now - self._told_at.get(identity, float("-inf"))
        return since >= REPEAT or (identity in self._stale and since >= max(SPACING, len(self._ready) / RATE))

    def _tell(self, identity: bytes, now: float) -> None:
        self._told_at[identity] = now
        self._stale.discard(identity)
