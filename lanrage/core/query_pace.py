"""When each server is asked: soon while somebody looks at the list, seldom where nobody answers (``docs/servers.rst``).

Pure; jitter comes from `random`, so that a party's members do not ask one server in step.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from enum import Enum
from types import MappingProxyType

import attrs

from lanrage.core.server_entry import MISSES, ServerKey

WATCHED_SECONDS = 60.0
"""How long the list counts as looked at after somebody did."""


class Cost(Enum):
    """What a question costs, which decides how often it is put."""

    DATAGRAM = "datagram"
    CONNECTION = "connection"
    PROCESS = "process"  # of this machine, for a protocol that is asked by a library


PAUSES = MappingProxyType({Cost.DATAGRAM: (2.0, 4.0), Cost.CONNECTION: (5.0, 8.0), Cost.PROCESS: (10.0, 30.0)})
"""Seconds between questions while the list is looked at, and else. Those of datagrams leave time for three missed ones
within the ten seconds in which an ended server has to be gone, and those of connections for three refused ones."""
SILENT = (10.0, 30.0)
"""Seconds likewise to a server that does not answer, in the long run."""
SOON = 1.0
"""Seconds after which a server that did not answer :data:`MISSES` times is asked again, then after twice as long each
time: a game's program is noticed before its world is loaded."""
AGAIN = 0.25
"""Seconds until a question is repeated that went unanswered."""
JITTER = 0.1
"""Share by which each pause is drawn longer or shorter."""
DOUBLINGS = 5
"""Of :data:`SOON`, after which it is the longest pause."""
FIRST_WITHIN = 0.2
"""Seconds within which a new server is asked."""
ANSWER_WITHIN = 1.2
"""Seconds that an answer may take: a relay across an ocean takes 0.3."""
OUTSTANDING, OUTSTANDING_EACH = 16, 4
"""Questions under way, and of them those to one address: one member's silent servers do not hold up the others."""

PROCESSES = 2
"""Of them those that take a process of this machine each."""


@attrs.define
class _Entry:
    due: float
    cost: Cost
    asked: bool = False
    missed: int = 0


class QueryPace:
    """Keeps the times of all servers that can be asked.

    :param random: gives numbers from 0 to 1.
    """

    def __init__(self, random: Callable[[], float]) -> None:
        self._random = random
        self._entries: dict[ServerKey, _Entry] = {}
        self._watched = float("-inf")

    def __len__(self) -> int:
        return len(self._entries)

    def follow(self, servers: Mapping[ServerKey, Cost], now: float) -> None:
        """These can be asked, at this cost."""
        for key in self._entries.keys() - servers.keys():
            del self._entries[key]
        for key, cost in servers.items():
            known = self._entries.setdefault(key, _Entry(now + FIRST_WITHIN * self._random(), cost))
            known.cost = cost

    def watch(self, now: float) -> None:
        """Somebody looks at the list: who was to be asked later is asked soon."""
        fresh = now - self._watched >= WATCHED_SECONDS
        self._watched = now
        if fresh:
            for entry in self._entries.values():
                entry.due = min(entry.due, now + self._drawn(self._pause(entry, now)) / 2)

    def due(self, now: float) -> list[ServerKey]:
        """Whom to ask now, the longest due first; they count as asked."""
        at = self._under_way()
        free = OUTSTANDING - sum(at.values())
        chosen: list[ServerKey] = []
        waiting = [(entry.due, key) for key, entry in self._entries.items() if not entry.asked and entry.due <= now]
        processes = self._processes()
        for _, key in sorted(waiting):
            entry = self._entries[key]
            process = entry.cost is Cost.PROCESS
            if len(chosen) < free and at[key[0]] < OUTSTANDING_EACH and not (process and processes >= PROCESSES):
                at[key[0]] += 1
                processes += process
                entry.asked = True
                chosen.append(key)
        return chosen

    def next(self) -> float | None:
        """When somebody is due next whom :meth:`due` would name; ``None`` while answers must come first."""
        at = self._under_way()
        if sum(at.values()) >= OUTSTANDING:
            return None
        full = self._processes() >= PROCESSES
        free = (
            entry.due
            for key, entry in self._entries.items()
            if not entry.asked and at[key[0]] < OUTSTANDING_EACH and not (full and entry.cost is Cost.PROCESS)
        )
        return min(free, default=None)

    def _processes(self) -> int:
        """Questions under way that take a process each."""
        return sum(entry.asked and entry.cost is Cost.PROCESS for entry in self._entries.values())

    def _under_way(self) -> dict[str, int]:
        """Questions by address."""
        at: dict[str, int] = {}
        for (address, _), entry in self._entries.items():
            at[address] = at.get(address, 0) + entry.asked
        return at

    def put_off(self, key: ServerKey, now: float) -> None:
        """A server that :meth:`due` named was not asked after all: it is due again soon."""
        entry = self._entries.get(key)
        if entry is not None:
            entry.asked, entry.due = False, now + AGAIN

    def hurry(self, key: ServerKey, now: float) -> None:
        """A server is worth a question at once."""
        entry = self._entries.get(key)
        if entry is not None:
            entry.due = min(entry.due, now)

    def answered(self, key: ServerKey, now: float) -> None:
        """A server answered."""
        self._ended(key, 0, now)

    def missed(self, key: ServerKey, now: float) -> None:
        """A server did not."""
        known = self._entries.get(key)
        self._ended(key, known.missed + 1 if known is not None else 0, now)

    def _ended(self, key: ServerKey, missed: int, now: float) -> None:
        entry = self._entries.get(key)
        if entry is None:
            return
        entry.asked, entry.missed = False, missed
        if 0 < missed < MISSES:
            entry.due = now + AGAIN
        else:
            entry.due = now + self._drawn(self._pause(entry, now))

    def _pause(self, entry: _Entry, now: float) -> float:
        unwatched = now - self._watched >= WATCHED_SECONDS
        if not entry.missed:
            return PAUSES[entry.cost][unwatched]
        if entry.cost is Cost.PROCESS:
            return SILENT[unwatched]
        return min(SILENT[unwatched], math.ldexp(SOON, min(max(entry.missed - MISSES, 0), DOUBLINGS)))

    def _drawn(self, pause: float) -> float:
        return pause * (1 - JITTER + 2 * JITTER * self._random())
