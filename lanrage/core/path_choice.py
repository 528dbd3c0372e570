"""Which path the deciding end takes, and why: kind first, quality second, and only for a clear and lasting gain.

While a game runs nothing is moved for a small gain. A path that is dead, or so bad that it is no bad luck, is left all
the same, for one that answered since, and rests for a while (:mod:`lanrage.core.path_rest`).
"""

from __future__ import annotations

import enum
from collections.abc import Collection

import attrs

from lanrage.core.path import PROOF_KEPT, Path
from lanrage.core.quality import LONG_SPAN

BETTER_BY, BETTER_FOR = 0.01, 5.0
"""Seconds that an equal kind of path must be shorter, and for how long, before traffic moves to it."""
EASE_GAP, EASE_BACK = 25.0, 15.0
"""Points of latency and jitter by which a path must be better than one of a better kind, for :data:`BETTER_FOR`,
before traffic leaves that; and less than which they must differ before it goes back. 25 points are 94 ms, or 50 ms of
jitter."""
LOSSY_SHARE = 0.18
"""Share of lost probes over the last 5 s that is clearly bad, beside a suspicion that says so. Simulated with thirteen
probes a second: 36 % of lost probes (20 % of the packets of each direction) are told within 3.6 s in 95 % of trials and
within 4.6 s in 99.5 %; 20 % in 4.4 s on average; 4 % (2 % each) once in twenty hours."""
LASTING_LOSS, LASTING_VERDICTS = 0.08, 300
"""Share of lost probes over the last minute that is clearly bad, and the verdicts it takes. With 4 % lost (2 % of the
packets of each direction) 300 verdicts show it once in several thousand minutes."""
RIVAL_VERDICTS, RIVAL_SHARE = 6, 0.25
"""Verdicts that the rival of a lossy path must have from the time of the loss on, and what it may lose of its share."""
PROOF_NEW, PROOF_AGAIN = 5, PROOF_KEPT
"""Answers in a row that prove a better kind of path while a game runs; more for one that was left lately."""
FRESH = 2.0
"""Seconds within which a path must have answered to be decided for: make before break."""

SHARED_OUTAGE = 0.3
"""Seconds that the path before gets to answer as well, where the others were silent with it."""


class Reason(enum.StrEnum):
    """Why traffic moves; for logs and the history."""

    FIRST = "the first open path"
    GONE = "the path before is gone"
    DEAD = "the path before is dead"
    LOSSY = "the path before loses too much"
    SLOW = "the path before is much slower"
    KIND = "a better kind of path"
    SHORTER = "shorter for a while"
    ELSEWHERE = "this end is seen at another address"
    PEER = "decided by the peer"
    APART = "the other end may have moved"

    @property
    def voluntary(self) -> bool:
        """The path before would do."""
        return self in (Reason.KIND, Reason.SHORTER)


@attrs.frozen
class Move:
    """Traffic is to take another path."""

    path: Path
    reason: Reason


@attrs.define
class Choice:
    """What is remembered from look to look.

    :ivar rival: the path that is looked at more closely, since traffic may move to it.
    """

    rival: Path | None = None
    _gains: dict[Reason, tuple[Path, float]] = attrs.field(factory=dict)

    def look(
        self, paths: Collection[Path], held: Path | None, now: float, *, first: bool, playing: bool
    ) -> Move | None:
        """The move that is due, if any.

        :param held: the path in use, or decided for, when it is known.
        :param first: there was none yet.
        """
        self.rival = None
        others = [path for path in paths if path.proven and path is not held]
        if held is None or not held.proven:
            self._gains.clear()
            return self._rescue(others, held, now, first)
        rested = [path for path in others if not path.rest.resting(now)]
        if not rested:
            self._gains.clear()
            return None
        move = (
            self._from_lossy(held, rested, now)
            or self._from_slow(held, rested, now)
            or self._to_better_kind(held, rested, now, playing)
            or (None if playing else self._to_shorter(held, rested, now))
        )
        if move is not None and not fresh(move.path, now):
            self.rival = move.path
            _ask(move.path, now)
            return None
        if move is not None:
            self._gains.clear()
        return move

    def _rescue(self, others: Collection[Path], held: Path | None, now: float, first: bool) -> Move | None:
        """Nothing is held: the best that answered since the path before did; others are asked.

        One that was silent as well has just come back, and so may the path before.
        """
        since = held.last_heard if held is not None else now - FRESH
        answered = [path for path in others if path.last_heard > since]
        if held is not None:
            answered = [path for path in answered if not since < path.silent_until > now - SHARED_OUTAGE]
        if not answered:
            for path in (*others, *((held,) if others and held is not None else ())):
                _ask(path, now)
            return None
        best = min(answered, key=lambda path: (path.rest.resting(now), path.suspicion.bad, path.order))
        if held is not None:
            return Move(best, Reason.DEAD)
        return Move(best, Reason.FIRST if first else Reason.GONE)

    def _from_lossy(self, held: Path, rested: Collection[Path], now: float) -> Move | None:
        if not held.suspicion.suspect and not lossy(held, now):
            return None
        rival = self.rival = min(rested, key=lambda path: (path.suspicion.suspect, path.order))
        if not lossy(held, now):
            return None
        since = held.suspect_since if held.suspect_since is not None else now - LONG_SPAN
        mine = (held.quality.short if _bursting(held, now) else held.quality.long).share(now) or 0.0
        count, lost = rival.quality.long.since(since)
        if count < RIVAL_VERDICTS or lost > RIVAL_SHARE * mine * count:
            return None
        return Move(rival, Reason.LOSSY)

    def _from_slow(self, held: Path, rested: Collection[Path], now: float) -> Move | None:
        best = max(rested, key=lambda path: path.quality.ease)
        slower = best.quality.ease - held.quality.ease >= EASE_GAP and not best.missed
        if not slower or not held.quality.latency.settled:
            self._gains.pop(Reason.SLOW, None)
            return None
        return self._lasting(best, Reason.SLOW, now)

    def _to_better_kind(self, held: Path, rested: Collection[Path], now: float, playing: bool) -> Move | None:
        better = [path for path in rested if path.rank < held.rank and (held.relayed or not playing)]
        better = [path for path in better if held.quality.ease - path.quality.ease <= EASE_BACK]
        if not better:
            return None
        best = min(better, key=lambda path: path.order)
        again = best.rest.doubtful(now)
        if (playing or again) and not best.clean(PROOF_AGAIN if again else PROOF_NEW):
            self.rival = self.rival or best
            return None
        return Move(best, Reason.KIND)

    def _to_shorter(self, held: Path, rested: Collection[Path], now: float) -> Move | None:
        equal = [path for path in rested if path.rank == held.rank and not path.missed]
        best = min(equal, key=lambda path: path.order, default=None)
        if best is None or best.order[1] + BETTER_BY > held.order[1]:
            self._gains.pop(Reason.SHORTER, None)
            return None
        return self._lasting(best, Reason.SHORTER, now)

    def _lasting(self, path: Path, reason: Reason, now: float) -> Move | None:
        """The gain must be there for a while, measured by answers of that time."""
        self.rival = self.rival or path
        seen, since = self._gains.get(reason, (None, now))
        if seen is not path:
            self._gains[reason] = (path, now)
            return None
        return Move(path, reason) if now - since >= BETTER_FOR and path.last_heard > since else None


def _ask(path: Path, now: float) -> None:
    if not path.outstanding:
        path.ask(now)


def fresh(path: Path, now: float) -> bool:
    """It answered just now."""
    return now - path.last_heard <= FRESH


def _bursting(path: Path, now: float) -> bool:
    return path.suspicion.bad and (path.quality.short.share(now) or 0.0) >= LOSSY_SHARE


def lossy(path: Path, now: float) -> bool:
    """So much is lost on the path that it is no bad luck."""
    if _bursting(path, now):
        return True
    share = path.quality.long.share(now)
    return share is not None and len(path.quality.long) >= LASTING_VERDICTS and share >= LASTING_LOSS
