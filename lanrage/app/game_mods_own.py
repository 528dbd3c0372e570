"""This machine's lists of modifications, kept for a while (``docs/games-mods.rst``)."""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable, Mapping
from typing import Any

import attrs
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from lanrage.core.game_mods import ModList
from lanrage.core.game_profile import Mods
from lanrage.errors import BadInput, Refused
from lanrage.net.game_mod_files import ModPlaces, mods_of

KEPT = 10.0
"""Seconds that a list is taken as it was read."""
KEPT_SHARE = 20.0
"""It is kept so many times as long as its reading took, too: questions of others never keep a disk busy."""
FIRST_USER, LAST_USER = 1000, 60000
"""Numbers that Debian gives to people; others are of services."""
PASSING = frozenset({"no_agent", "agent_gone", "busy"})
"""Why an agent gave no list, where it may at the next moment: that is not kept."""
NO_HOME = "this process runs as a system's service and cannot read a player's home folder"
NO_FOLDER = "they are in the game's folder, and this node does not know where that is"

log = Logger()


@attrs.frozen
class OwnMods:
    """A list, or why it is not known.

    :param trouble: empty where it is known.
    :param passing: the trouble may be over at the next moment.
    """

    mods: ModList = ModList()
    trouble: str = ""
    passing: bool = False


@attrs.frozen
class _Kept:
    rule: Mods
    own: OwnMods
    until: float


def is_player(uid: int) -> bool:
    """Whether a user's number is that of a person, not of root, a service or nobody."""
    return FIRST_USER <= uid < LAST_USER


def players_home(uid: int, environment: Mapping[str, str] = os.environ) -> str | None:
    """The home folder of the user whom this process runs as: ``HOME``, else as the system knows it; ``None`` for root,
    a service, and nobody."""
    if not is_player(uid):
        return None
    if os.path.isabs(environment.get("HOME", "")):
        return environment["HOME"]
    try:
        return pwd.getpwuid(uid).pw_dir
    except KeyError:
        return None


class OwnModLists:
    """Reads lists, one reading of a game at a time.

    :param read: reads one off the reactor.
    :param home: of the user who plays; ``None`` where this process is no player's.
    :param ask: lets a session's agent read a game's list, where there is no home: of this user, or ``None``: of who
        plays here; fails with an error of the house.
    """

    def __init__(
        self,
        clock: IReactorTime,
        read: Callable[[Mods, ModPlaces], Deferred[ModList]],
        home: str | None,
        ask: Callable[[str, int | None], Deferred[ModList]] | None = None,
    ) -> None:
        self._clock = clock
        self._read = read
        self._home = home
        self._ask = ask
        self._kept: dict[tuple[str, int | None], _Kept] = {}
        self._waiting: dict[tuple[str, int | None], list[Deferred[OwnMods]]] = {}

    @classmethod
    def make(cls, reactor: Any, ask: Callable[[str, int | None], Deferred[ModList]] | None = None) -> OwnModLists:
        """Of the user whom this process runs as; lists are read in a thread."""

        def read(rule: Mods, places: ModPlaces) -> Deferred[ModList]:
            return mods_of(reactor, rule, places)

        return cls(reactor, read, players_home(os.geteuid()), ask)

    def get(self, game: str, rule: Mods, user: int | None = None) -> Deferred[OwnMods]:
        """The list of a game; it never fails, but may be cancelled.

        :param user: whose, where several play on this machine; ``None``: of who plays here.
        """
        if not all(path.startswith("~/") for path in rule.paths):
            return succeed(OwnMods(trouble=NO_FOLDER))
        if self._home is None and self._ask is None:
            return succeed(OwnMods(trouble=NO_HOME))
        key = (game, user if self._home is None else None)
        kept = self._kept.get(key)
        if kept is not None and kept.rule == rule and self._clock.seconds() < kept.until:
            return succeed(kept.own)
        waiting: Deferred[OwnMods] = Deferred()
        queue = self._waiting.setdefault(key, [])
        queue.append(waiting)
        if len(queue) == 1:
            reading: Deferred[Any] = self._reading(game, rule, key[1])
            reading.addCallbacks(OwnMods, _trouble)
            reading.addCallback(self._have, key, rule, self._clock.seconds())
        return waiting

    def _reading(self, game: str, rule: Mods, user: int | None) -> Deferred[ModList]:
        if self._home is not None:
            return self._read(rule, ModPlaces(self._home))
        assert self._ask is not None
        return self._ask(game, user)

    def _have(self, own: OwnMods, key: tuple[str, int | None], rule: Mods, began: float) -> None:
        now = self._clock.seconds()
        if not own.passing:
            for old in [each for each, kept in self._kept.items() if kept.until <= now]:
                del self._kept[old]
            self._kept[key] = _Kept(rule, own, now + max(KEPT, KEPT_SHARE * (now - began)))
        for waiting in self._waiting.pop(key):
            waiting.callback(own)


def _trouble(failure: Failure) -> OwnMods:
    if failure.check(BadInput):
        return OwnMods(trouble=str(failure.value))
    if isinstance(failure.value, Refused):
        return OwnMods(trouble=f"{NO_HOME}: {failure.value}", passing=failure.value.code in PASSING)
    log.failure("the modifications of a game could not be read", failure)
    return OwnMods(trouble="they could not be read")
