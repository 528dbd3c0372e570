"""The order of tasks that need each other (Kahn's topological sort, keeping the order given where it may)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar

from lanrage.errors import BadInput


class Named(Protocol):
    """What has a name and needs others."""

    @property
    def name(self) -> str:
        """Its own."""

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of others."""


T = TypeVar("T", bound=Named)


def ordered(tasks: Sequence[T]) -> list[T]:
    """The same tasks, each after all that it needs.

    :raises BadInput: field ``name`` for one that is there twice; ``needs`` for what is no task, or for a cycle.
    """
    known = {task.name: task for task in tasks}
    if len(known) != len(tasks):
        names = [task.name for task in tasks]
        twice = next(name for name in names if names.count(name) > 1)
        raise BadInput("name", f"there are two tasks {twice!r}")
    for task in tasks:
        missing = [need for need in task.needs if need not in known]
        if missing:
            raise BadInput("needs", f"{task.name!r} needs {missing[0]!r}, which is no task of this plan")
    placed: dict[str, T] = {}
    while len(placed) < len(tasks):
        free = [task for task in tasks if task.name not in placed and all(need in placed for need in task.needs)]
        if not free:
            raise BadInput("needs", f"tasks need each other in a circle: {_circle(known, placed)}")
        placed[free[0].name] = free[0]
    return list(placed.values())


def _circle(known: Mapping[str, Named], placed: Mapping[str, Named]) -> str:
    """``a -> b -> a``: from any task that is left, each needs one that is left, so a walk comes back somewhere."""
    walk: list[str] = [next(name for name in known if name not in placed)]
    while True:
        name = next(need for need in known[walk[-1]].needs if need not in placed)
        if name in walk:
            return " -> ".join([*walk[walk.index(name) :], name])
        walk.append(name)
