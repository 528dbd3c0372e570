"""The shapes of what is told of running games (``docs/api.rst``)."""

from __future__ import annotations

from lanrage.app.results import Result


class SignShown(Result, frozen=True):
    """One sign of a game.

    :param method: ``manual``, ``process``, ``window`` or ``ports``.
    :param confidence: from 0 to 1.
    :param reason: in words.
    """

    method: str
    confidence: float
    reason: str
    pid: int | None


class RunningShown(Result, frozen=True):
    """A game that runs.

    :param signs: the best first.
    :param listens: where it listens or is bound, as in ``3979/tcp``.
    :param since: seconds since the epoch.
    """

    game: str
    name: str
    confidence: float
    method: str
    signs: list[SignShown]
    pids: list[int]
    listens: list[str]
    since: float


class GamesDetected(Result, frozen=True):
    """What runs now.

    :param mode: ``events`` (the kernel tells of new processes), ``polling`` or ``off``.
    :param trouble: why it is polling; empty otherwise.
    :param poll_s: seconds between two looks then.
    :param known: games that can be noticed.
    :param execs: programs that the kernel told of; ``dismissed``: of them, at the first look.
    """

    mode: str
    trouble: str
    poll_s: float
    known: int
    games: list[RunningShown]
    execs: int
    dismissed: int
    rescans: int


class PlayedShown(Result, frozen=True):
    """One time that a game ran.

    :param since: seconds since the epoch, as `until`; null while it runs, and where its end was not seen.
    :param running: it runs now.
    """

    game: str
    name: str
    method: str
    confidence: float
    since: float
    until: float | None
    running: bool


class GamesPlayed(Result, frozen=True):
    """The history, the newest first."""

    played: list[PlayedShown]
