"""Who lags, as one machine sees it by its own paths, with the reason in words (``docs/desktop.rst``). Pure.

Where members tell of theirs, :mod:`lanrage.core.party_lags` knows more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import attrs

from lanrage.core.quality import JITTER_WORST, LATENCY_WORST, LOSS_WORST, PREDICTION_BOUND, Grade, grade

FELT = PREDICTION_BOUND
"""The score below which a path is felt in games."""
BAD_SHARE = 0.75
"""Share of this machine's paths that are bad from which this machine is the one that lags: that its friends all have a
bad line of their own is less likely."""
ENOUGH = 2
"""Bad paths from which this machine is suspected: with one there are two ends, and neither says which it is."""


@attrs.frozen
class PathSeen:
    """The path to one member, as this node measures it.

    :param kind: ``direct``, ``relay``, ``relay-tcp`` or ``none``.
    :param online: it is there, as the party says.
    :param rtt: seconds; ``None`` while nothing was measured.
    :param jitter: seconds.
    :param loss: share, 0 to 1.
    """

    name: str
    kind: str
    online: bool = True
    rtt: float | None = None
    jitter: float = 0.0
    loss: float = 0.0
    score: float | None = None


@attrs.frozen
class Lag:
    """How one member's path is.

    :param felt: it is felt in games.
    :param reason: a sentence's end; why it is as it is.
    """

    name: str
    score: float | None
    grade: Grade | None
    felt: bool
    reason: str


@attrs.frozen
class PairLag:
    """A bad path between two members, by name.

    :param reason: a sentence's end.
    """

    a: str
    b: str
    score: float
    reason: str


@attrs.frozen
class Judged:
    """Who lags.

    :param who: name; empty: nobody does.
    :param headline: a sentence.
    :param members: the worst first.
    :param pairs: the bad paths, the worst first.
    :param view: whose measurements were judged: ``own`` or ``party``.
    """

    who: str
    headline: str
    members: tuple[Lag, ...]
    pairs: tuple[PairLag, ...] = ()
    view: Literal["own", "party"] = "own"


def judge(me: str, paths: Sequence[PathSeen]) -> Judged:
    """Who lags, of what this node sees: the paths between others are not among it.

    :param me: this machine's member.
    """
    there = [path for path in paths if path.online]
    lags = tuple(sorted((lag_of(path) for path in there), key=lambda each: (each.score is None, each.score or 0.0)))
    lags = tuple(sorted(lags, key=lambda each: not each.felt))
    if not lags:
        return Judged("", "Nobody else is online.", ())
    felt = [each for each in lags if each.felt]
    pairs = tuple(PairLag(me, each.name, each.score or 0.0, each.reason) for each in felt)
    if not felt:
        known = [each for each in lags if each.score is not None]
        words = "Nobody lags, as seen from here." if known else "Nothing has been measured yet."
        return Judged("", words, lags)
    if len(felt) >= ENOUGH and len(felt) >= BAD_SHARE * len(lags):
        words = f"It is this machine, most likely: {len(felt)} of its {len(lags)} paths are bad."
        return Judged(me, words, lags, pairs)
    worst = felt[0]
    both = " With one path alone it may as well be this machine." if len(lags) == 1 else ""
    return Judged(worst.name, f"{worst.name} lags, as seen from here: {worst.reason}.{both}", lags, pairs)


def lag_of(path: PathSeen) -> Lag:
    """How it is, with the reason."""
    if path.kind == "none":
        return Lag(path.name, 0.0, Grade.F, True, "no path leads there")
    if path.score is None or path.rtt is None:
        return Lag(path.name, None, None, False, "not measured yet")
    letter = grade(path.score)
    felt = path.score < FELT
    return Lag(path.name, round(path.score, 1), letter, felt, _reason(path, felt))


def _reason(path: PathSeen, felt: bool) -> str:
    """What costs it most, with the figures."""
    if path.rtt is None:
        return "not measured yet"
    shares = {
        f"{path.loss * 100:.1f} % of packets are lost": path.loss / LOSS_WORST,
        f"packets take {path.rtt * 1000:.0f} ms there and back": path.rtt / LATENCY_WORST,
        f"times differ by {path.jitter * 1000:.0f} ms": path.jitter / JITTER_WORST,
    }
    words = max(shares, key=lambda each: shares[each])
    if not felt:
        return f"good: {path.rtt * 1000:.0f} ms there and back"
    way = {"relay": ", by a relay", "relay-tcp": ", by a relay over TCP, as UDP does not come through"}
    return words + way.get(path.kind, "")
