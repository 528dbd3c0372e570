"""What is known of one game server, and what a server's own words are worth (``docs/servers.rst``)."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import attrs

from lanrage.core.game_server import ServerFacts
from lanrage.core.play_ports import LAST_PORT, Proto
from lanrage.core.shown_text import shown_text

ServerKey = tuple[str, int]
"""Address and port where players connect."""

TEXT_LIMITS = {"name": 64, "map": 64, "mode": 32, "version": 32, "game": 40, "format": 32}
"""Characters that are kept of each text: the longest that the formats' own lists show."""
PLAYERS_LIMIT = 65_535
"""A number of players beyond is none."""

HEARD_ONCE_SECONDS = 30.0
"""How long an announcement counts whose period is not known yet: the slowest beacons of known games come each 10 s."""
PERIODS, PERIODS_LEAST, PERIODS_MOST = 2.5, 3.0, 60.0
"""Periods without an announcement after which a server is gone, and the least and most seconds of that: one may be
lost, and the next be late. A lease repeats an ended server for two to three periods more."""
LATE = 0.5
"""Seconds that an announcement may be late besides."""
MISSES = 3
"""Questions in a row that a server leaves unanswered when it has ended."""
ANSWER_SECONDS = 10.0
"""How long an answer counts by itself: the time in which an ended server has to be gone."""


class Found(StrEnum):
    """How a server is known."""

    ANNOUNCED = "announced"  # it was heard
    DETECTED = "detected"  # its member's node sees the game listen
    MANUAL = "manual"  # the user named it


class Joinable(StrEnum):
    """Whether it can be joined from here."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Sort(StrEnum):
    """Orders of the list."""

    NAME = "name"
    GAME = "game"
    PLAYERS = "players"  # most first
    LATENCY = "latency"  # least first, unknown last
    MEMBER = "member"


NEVER_ASKED = "it was not asked yet"
CANNOT_ASK = "no question is known that its game answers"


@attrs.frozen
class Verdict:
    """Whether a server can be joined from here, and how that is known.

    :param reason: in words, for people.
    :param at: when that was seen, on the clock of the table; ``None``: it was not.
    """

    joinable: Joinable = Joinable.UNKNOWN
    reason: str = NEVER_ASKED
    at: float | None = None


@attrs.frozen
class Origin:
    """Where a server runs.

    :param member: identity; ``None`` for what is in no member's hands.
    :param own: on this machine.
    """

    address: str
    member: bytes | None = None
    own: bool = False


@attrs.frozen
class Ask:
    """How a server is asked.

    :param query: name of the protocol in :data:`lanrage.wire.games.QUERIES`; empty: none is known.
    :param port: where.
    """

    query: str = ""
    port: int = 0


@attrs.frozen
class Server:
    """One entry of the browser. Times are of the table's clock.

    :param game: a profile's id, or empty.
    :param facts: what it says of itself, cleaned.
    :param found: how it is known; never empty.
    :param first: when it came into the list.
    :param announced: when it was last heard.
    :param period: seconds between announcements, as far as known.
    :param answered: when it last answered.
    :param missed: questions unanswered since then.
    """

    origin: Origin
    port: int
    proto: Proto
    game: str
    ask: Ask
    facts: ServerFacts
    found: frozenset[Found]
    first: float
    announced: float | None = None
    period: float | None = None
    answered: float | None = None
    missed: int = 0
    verdict: Verdict = Verdict()

    @property
    def key(self) -> ServerKey:
        """Where players connect."""
        return self.origin.address, self.port

    @property
    def full(self) -> bool:
        """Nobody more can join; false where that is not known."""
        players, limit = self.facts.players, self.facts.players_limit
        return players is not None and limit is not None and players >= limit > 0

    @property
    def silent(self) -> bool:
        """It answered once and does not any more: it has left the list, whatever its member's node says. One that the
        user named stays."""
        return self.missed >= MISSES and self.answered is not None and Found.MANUAL not in self.found

    @property
    def visible(self) -> tuple[object, ...]:
        """What a change of is worth telling."""
        facts, verdict = self.facts, self.verdict
        return self.origin, self.proto, self.game, self.ask, facts, self.found, verdict.joinable, verdict.reason

    def announced_until(self) -> float:
        """When its announcements are over, without another one."""
        if self.announced is None:
            return float("-inf")
        if self.period is None:
            return self.announced + HEARD_ONCE_SECONDS
        return self.announced + min(PERIODS_MOST, max(PERIODS_LEAST, PERIODS * self.period + LATE))

    def until(self) -> float:
        """When it is gone if nothing more is heard of it; infinite for what has another end."""
        if self.found & {Found.DETECTED, Found.MANUAL}:
            return float("inf")
        answered = self.answered if self.answered is not None and self.missed < MISSES else float("-inf")
        return max(self.announced_until(), answered + ANSWER_SECONDS)


def rhythm(period: float | None, gap: float) -> float:
    """The period of announcements after another one came `gap` seconds after the last; rather too long than too short.

    One that was lost makes the period look longer for a while; several at once do not make it short.
    """
    gap = min(max(gap, 0.2), PERIODS_MOST / PERIODS)
    return gap if period is None else max(gap, 0.7 * period + 0.3 * gap)


def clean_facts(facts: ServerFacts) -> ServerFacts:
    """The facts as they may be shown: texts in one bounded line, impossible numbers unknown."""
    texts: dict[str, Any] = {name: shown_text(getattr(facts, name), limit) for name, limit in TEXT_LIMITS.items()}
    port = facts.port if facts.port is not None and 1 <= facts.port <= LAST_PORT else None
    players, limit = _count(facts.players), _count(facts.players_limit)
    return attrs.evolve(facts, port=port, players=players, players_limit=limit, **texts)


def _count(number: int | None) -> int | None:
    return number if number is not None and 0 <= number <= PLAYERS_LIMIT else None


def joined_facts(old: ServerFacts, new: ServerFacts) -> ServerFacts:
    """What the new ones say, and where they are silent the old ones."""
    said = {field.name: getattr(new, field.name) for field in attrs.fields(ServerFacts)}
    known = {name: value for name, value in said.items() if value is not None and value != ""}
    return attrs.evolve(old, **known)
