"""The shapes of what is told of servers (``docs/api.rst``); times in the unit that their name ends with."""

from __future__ import annotations

from lanrage.app.game_mods_results import ServerModsShown
from lanrage.app.results import Result


class ServerShown(Result, frozen=True):
    """A game server.

    :param member: the name of who runs it; its address where that is no member.
    :param own: it runs on this machine.
    :param game: a profile's id, empty where that is not known; `game_name` is for people.
    :param players: now; null where it does not say, as all that follows.
    :param found: how it is known: ``announced``, ``detected``, ``manual``.
    :param joinable: from here: ``yes``, ``no`` or ``unknown``, by an answer over the party link.
    :param reason: how that is known.
    :param judged_s: how long ago.
    :param latency_by: ``icmp``, ``query``, ``connect`` or ``dns``.
    :param trend: ``improving``, ``stable`` or ``degrading``.
    """

    address: str
    port: int
    proto: str
    name: str
    game: str
    game_name: str
    member: str
    own: bool
    map: str
    mode: str
    version: str
    players: int | None
    players_limit: int | None
    password: bool | None
    found: list[str]
    joinable: str
    reason: str
    judged_s: float | None
    latency_ms: float | None
    latency_by: str | None
    trend: str | None
    favourite: bool
    tags: list[str]


class ServersShown(Result, frozen=True):
    """The servers that were asked for.

    :param known: all that there are.
    """

    servers: list[ServerShown]
    known: int


class ServerDetails(Result, frozen=True):
    """One server, with how it is known.

    :param format: of its announcement or answer; empty without.
    :param query: the protocol by which it is asked at `query_port`; empty where none is known.
    :param listed_s: how long it is in the list.
    :param announced_s: when it was last heard.
    :param period_s: between its announcements.
    :param answered_s: when it last answered.
    :param missed: questions unanswered since then.
    :param measured_s: when its latency was measured.
    :param measured_again_s: how often it is.
    """

    server: ServerShown
    format: str
    query: str
    query_port: int
    listed_s: float
    announced_s: float | None
    period_s: float | None
    answered_s: float | None
    missed: int
    measured_s: float | None
    measured_again_s: float | None


class JoinShown(Result, frozen=True):
    """How to join a server.

    :param method: ``address``, ``lobby`` or ``command``; empty where that is not known.
    :param programs: names of the game's program on Linux, of which one has to be installed.
    :param arguments: that it takes to join; empty where it takes none.
    :param mods: how the hosting member's modifications differ; null where they are not compared.
    """

    address: str
    port: int
    game: str
    game_name: str
    method: str
    programs: list[str]
    arguments: list[str]
    joinable: str
    reason: str
    mods: ServerModsShown | None


class ServerMarked(Result, frozen=True):
    """What is kept about a server now."""

    address: str
    port: int
    favourite: bool
    tags: list[str]


class ServerNamed(Result, frozen=True):
    """A server that the user named, or removed."""

    address: str
    port: int
    game: str
    name: str
