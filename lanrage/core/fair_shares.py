"""Who gives a place up where all are taken, so that no user of a machine keeps the others out. Pure."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

T = TypeVar("T")


def gives_way(held: Iterable[T], user_of: Callable[[T], Hashable], newcomer: Hashable) -> T | None:
    """Who makes room for one more of a user: the first of whoever has most.

    Whoever has one place keeps it, however many others have theirs; and no two users take one from each other in turn.

    :param held: those that hold a place; of one user the one that gives way first comes first.
    :param newcomer: the user of the one that comes.
    :returns: of several users who have most, the one whose first comes first; ``None``: nobody has two places more
        than the newcomer's user.
    """
    by_user: dict[Hashable, list[T]] = {}
    for each in held:
        by_user.setdefault(user_of(each), []).append(each)
    most: list[T] = max(by_user.values(), key=len, default=[])
    return most[0] if len(most) > len(by_user.get(newcomer, ())) + 1 else None
