"""The shapes of what ``games.list`` and ``games.show`` give back (``docs/api.rst``)."""

from __future__ import annotations

from typing import Any

from lanrage.app.results import Result


class GameListed(Result, frozen=True):
    """One game in short.

    :param confidence: ``high``, ``medium`` or ``low``.
    :param ports: of its host, as ``27960-27963/udp``.
    :param own: it is from the user's own folder.
    """

    game: str
    name: str
    confidence: str
    ports: list[str]
    own: bool


class ProblemShown(Result, frozen=True):
    """What is wrong with a file of profiles.

    :param line: where; null where that cannot be told.
    """

    file: str
    line: int | None
    rule: str


class GamesListed(Result, frozen=True):
    """The games that were asked for.

    :param known: how many there are in all.
    :param folder: of the user's own profiles.
    :param problems: of the files in it; what they said before counts as long as they are wrong.
    """

    games: list[GameListed]
    known: int
    folder: str
    problems: list[ProblemShown]


class FactShown(Result, frozen=True):
    """One statement, and where it is from."""

    text: str
    source: str


class GameShown(Result, frozen=True):
    """One game.

    :param profile: every value, under the names of :class:`lanrage.core.game_profile.GameProfile`.
    :param facts: the same in words, each with its source.
    """

    game: str
    name: str
    confidence: str
    own: bool
    profile: dict[str, Any]
    facts: list[FactShown]
