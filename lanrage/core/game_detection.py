"""What it means that a game was noticed (``docs/games.rst``)."""

from __future__ import annotations

from enum import StrEnum

import attrs

from lanrage.core.play_ports import Span


class Method(StrEnum):
    """How a game was noticed, in the order in which the methods count at equal confidence."""

    MANUAL = "manual"  # the user said so
    PROCESS = "process"
    WINDOW = "window"
    PORTS = "ports"


METHODS = tuple(Method)
"""In their order."""


@attrs.frozen
class DetectionResult:
    """One sign that a game runs.

    :param game: the profile's id.
    :param confidence: from 0 to 1.
    :param pid: the process, where one is known.
    :param reason: in words, for people.
    """

    game: str
    method: Method
    confidence: float
    reason: str
    pid: int | None = None

    @property
    def rank(self) -> tuple[float, int, int]:
        """Sorts the best first: by confidence, then process before window before ports."""
        return -self.confidence, METHODS.index(self.method), self.pid or 0


@attrs.frozen
class RunningGame:
    """A game that runs here now; forks and wrappers of it are one.

    :param results: all signs, the best first; at least one.
    :param pids: its processes.
    :param listens: where they listen or are bound, for others to reach.
    :param since: seconds since the epoch.
    """

    game: str
    name: str
    results: tuple[DetectionResult, ...]
    pids: frozenset[int]
    listens: tuple[Span, ...]
    since: float

    @property
    def best(self) -> DetectionResult:
        """The sign that counts."""
        return self.results[0]


@attrs.frozen
class GameStarted:
    """A game was not there before."""

    running: RunningGame


@attrs.frozen
class GameChanged:
    """Other signs, processes or sockets of a running game."""

    running: RunningGame
    before: RunningGame


@attrs.frozen
class GameEnded:
    """A game is gone.

    :param at: seconds since the epoch.
    """

    running: RunningGame
    at: float


GameChange = GameStarted | GameChanged | GameEnded
