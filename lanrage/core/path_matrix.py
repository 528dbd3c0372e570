"""The paths between all members, of what each told of its own (``docs/protocol-party.rst``). Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import attrs

from lanrage.core.path_reports import PathTold


@attrs.frozen
class Pair:
    """The path between two members.

    :param a: name, as are `b` and `by`; `a` comes first in the party's order.
    :param by: who measured it.
    :param at: when that was told; ``None`` for what this node measures itself.
    """

    a: str
    b: str
    by: str
    path: PathTold
    at: float | None = None


@attrs.frozen
class Told:
    """What one member told.

    :param paths: by the other member's name.
    """

    at: float
    paths: Mapping[str, PathTold]


def matrix(me: str, own: Mapping[str, PathTold], told: Mapping[str, Told], members: Sequence[str]) -> list[Pair]:
    """One row for each pair of these members of which anything is known.

    Of this node's own paths its own measurement counts alone. Of two members' words on their path the worse one does:
    who says that all is well at its end does not undo what the other end sees. Nobody has a word on others' paths.

    :param members: names in the party's order, this node's among them.
    """
    found: list[Pair] = []
    for a, b in combinations(members, 2):
        if me in (a, b):
            other = b if a == me else a
            words = [Pair(a, b, me, own[other])] if other in own else []
        else:
            words = [
                Pair(a, b, by, told[by].paths[to], told[by].at)
                for by, to in ((a, b), (b, a))
                if by in told and to in told[by].paths
            ]
        if words:
            found.append(min(words, key=_badness))
    return found


def _badness(pair: Pair) -> tuple[bool, float]:
    """The worst measured one first; what was not measured yet says less than anything that was."""
    score = pair.path.score
    return score is None, score or 0.0
