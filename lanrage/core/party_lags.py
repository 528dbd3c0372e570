"""Who lags, of what all members tell of their paths (``docs/desktop.rst``). Pure.

A path has two ends, and a bad one alone does not say which end is at fault. Who has bad paths to most others while one
of those does better lags; where only one pair's path is bad it is the pair. Each member tells of its own paths alone:
one that tells untruths spoils its own picture.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import fmean

from lanrage.core.lags import ENOUGH, Judged, Lag, PairLag, PathSeen, lag_of
from lanrage.core.path_matrix import Pair
from lanrage.core.quality import grade

MOST = 0.5
"""Share of a member's known paths, more than which are bad where it lags."""

Lags = dict[frozenset[str], Lag]
"""How the known paths are, by both ends."""


def judge_party(me: str, members: Sequence[str], pairs: Iterable[Pair]) -> Judged:
    """Who lags.

    :param me: this machine's member.
    :param members: names of who is online, `me` among them.
    :param pairs: what is known of the paths between them.
    """
    lags = {frozenset((pair.a, pair.b)): _lag(pair) for pair in pairs}
    lags = {ends: lag for ends, lag in lags.items() if lag.score is not None}
    guilty = _guilty(members, lags)
    odd = {ends: lag for ends, lag in lags.items() if lag.felt and not ends & set(guilty)}
    bad = [_pair(ends, lag, members) for ends, lag in lags.items() if lag.felt]
    bad.sort(key=lambda pair: (pair.score, pair.a, pair.b))
    rows = [_row(name, lags, felt=name in guilty or any(name in ends for ends in odd)) for name in members]
    rows.sort(key=lambda row: (row.name not in guilty, not row.felt, row.score is None, row.score or 0.0))
    return Judged(guilty[0] if guilty else "", _headline(me, guilty, lags, odd), tuple(rows), tuple(bad), "party")


def _lag(pair: Pair) -> Lag:
    path = pair.path
    return lag_of(PathSeen(pair.b, path.kind, True, path.rtt, path.jitter, path.loss, path.score))


def _pair(ends: frozenset[str], lag: Lag, members: Sequence[str]) -> PairLag:
    first, second = sorted(ends, key=members.index)
    return PairLag(first, second, lag.score or 0.0, lag.reason)


def _guilty(members: Sequence[str], lags: Lags) -> list[str]:
    """Who lags, the worst first. Each that is found is left out of what is judged next, with its paths."""
    found: list[str] = []
    while True:
        left = _by_member(members, {ends: lag for ends, lag in lags.items() if not ends & set(found)})
        share = {name: fmean(lag.felt for lag in mine.values()) for name, mine in left.items()}
        suspects = [name for name in left if _lagging(name, left[name], share)]
        if not suspects:
            return found
        found.append(max(suspects, key=lambda name: (share[name], -_mean(left[name].values()), name)))


def _by_member(members: Sequence[str], lags: Lags) -> dict[str, dict[str, Lag]]:
    """The paths of each member that has some, by whom they lead to."""
    found: dict[str, dict[str, Lag]] = {name: {} for name in members}
    for (one, other), lag in lags.items():
        found[one][other] = found[other][one] = lag
    return {name: mine for name, mine in found.items() if mine}


def _lagging(name: str, mine: dict[str, Lag], share: dict[str, float]) -> bool:
    """Most of its paths are bad, and of those whom they lead to somebody does better: else it is where they both are,
    as with two houses of friends that are far from each other.

    :param share: of each member's paths that are bad.
    """
    partners = [other for other, lag in mine.items() if lag.felt]
    return len(partners) >= ENOUGH and share[name] > MOST and any(share[each] < share[name] for each in partners)


def _mean(lags: Iterable[Lag]) -> float:
    return fmean(lag.score or 0.0 for lag in lags)


def _row(name: str, lags: Lags, *, felt: bool) -> Lag:
    """A member with all its paths."""
    mine = {next(iter(ends - {name})): lag for ends, lag in lags.items() if name in ends}
    if not mine:
        return Lag(name, None, None, False, "not measured yet")
    score = round(_mean(mine.values()), 1)
    bad = sum(lag.felt for lag in mine.values())
    to, worst = min(mine.items(), key=lambda each: each[1].score or 0.0)
    words = (
        f"{bad} of {_paths(len(mine))} {'is' if bad == 1 else 'are'} bad" if bad else f"{_paths(len(mine))}, all good"
    )
    return Lag(name, score, grade(score), felt, f"{words}; the worst to {to}: {worst.reason}" if bad else words)


def _paths(count: int) -> str:
    return "1 path" if count == 1 else f"{count} paths"


def _headline(me: str, guilty: Sequence[str], lags: Lags, odd: Lags) -> str:
    if not lags:
        return "Nothing has been measured yet."
    if not guilty and not odd:
        return "Nobody lags."
    said = []
    if guilty:
        names = [f"{name} (this machine)" if name == me else name for name in guilty]
        said.append(
            f"{_list(names)} {'lags' if len(names) == 1 else 'lag'}: {_row(guilty[0], lags, felt=True).reason}."
        )
    if odd:
        ends, worst = min(odd.items(), key=lambda each: each[1].score or 0.0)
        between = _list(sorted(ends))
        first = f"{'Beside that' if guilty else 'No member lags, but'} "
        words = (
            f"the path between {between} is bad"
            if len(odd) == 1
            else f"{len(odd)} paths are bad, the worst between {between}"
        )
        said.append(f"{first}{words}: {worst.reason}.")
    return " ".join(said)


def _list(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
