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
ByMember = dict[str, dict[str, Lag]]
"""The same by each member, by whom they lead to."""


def judge_party(me: str, members: Sequence[str], pairs: Iterable[Pair]) -> Judged:
    """Who lags.

    :param me: this machine's member.
    :param members: names of who is online, `me` among them.
    :param pairs: what is known of the paths between them.
    """
    lags = {frozenset((pair.a, pair.b)): _lag(pair) for pair in pairs}
    lags = {ends: lag for ends, lag in lags.items() if lag.score is not None}
    mine = _by_member(members, lags)
    guilty = _guilty(mine)
    innocent = frozenset(members).difference(guilty)
    odd = {ends: lag for ends, lag in lags.items() if lag.felt and ends <= innocent}
    suspects = set(guilty).union(*odd)
    bad = [_pair(ends, lag, members) for ends, lag in lags.items() if lag.felt]
    bad.sort(key=lambda pair: (pair.score, pair.a, pair.b))
    rows = [_row(name, mine[name], felt=name in suspects) for name in members]
    rows.sort(key=lambda row: (row.name not in guilty, not row.felt, row.score is None, row.score or 0.0))
    return Judged(guilty[0] if guilty else "", _headline(me, guilty, mine, odd), tuple(rows), tuple(bad), "party")


def _lag(pair: Pair) -> Lag:
    path = pair.path
    return lag_of(PathSeen(pair.b, path.kind, True, path.rtt, path.jitter, path.loss, path.score))


def _pair(ends: frozenset[str], lag: Lag, members: Sequence[str]) -> PairLag:
    first, second = sorted(ends, key=members.index)
    return PairLag(first, second, lag.score or 0.0, lag.reason)


def _guilty(mine: ByMember) -> list[str]:
    """Who lags, the worst first. Each that is found is left out of what is judged next, with its paths."""
    found: list[str] = []
    left = {name: dict(lags) for name, lags in mine.items() if lags}
    while True:
        share = {name: sum(lag.felt for lag in lags.values()) / len(lags) for name, lags in left.items()}
        suspects = [name for name, lags in left.items() if _lagging(name, lags, share)]
        if not suspects:
            return found
        worst = max(suspects, key=lambda name: (share[name], -_mean(left[name].values()), name))
        found.append(worst)
        for other in left.pop(worst):
            del left[other][worst]
            if not left[other]:
                del left[other]


def _by_member(members: Sequence[str], lags: Lags) -> ByMember:
    found: ByMember = {name: {} for name in members}
    for (one, other), lag in lags.items():
        found[one][other] = found[other][one] = lag
    return found


def _lagging(name: str, mine: dict[str, Lag], share: dict[str, float]) -> bool:
    """Most of its paths are bad, and of those whom they lead to somebody does better: else it is where they both are,
    as with two houses of friends that are far from each other.

    :param share: of each member's paths that are bad.
    """
    partners = [other for other, lag in mine.items() if lag.felt]
    return len(partners) >= ENOUGH and share[name] > MOST and any(share[each] < share[name] for each in partners)


def _mean(lags: Iterable[Lag]) -> float:
    return fmean(lag.score or 0.0 for lag in lags)


def _row(name: str, mine: dict[str, Lag], *, felt: bool) -> Lag:
    """A member with all its paths."""
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


def _headline(me: str, guilty: Sequence[str], mine: ByMember, odd: Lags) -> str:
    if not any(mine.values()):
        return "Nothing has been measured yet."
    if not guilty and not odd:
        return "Nobody lags."
    said = []
    if guilty:
        names = [f"{name} (this machine)" if name == me else name for name in guilty]
        why = _row(guilty[0], mine[guilty[0]], felt=True).reason
        said.append(f"{_list(names)} {'lags' if len(names) == 1 else 'lag'}: {why}.")
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
