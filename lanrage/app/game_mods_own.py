"""This machine's lists of modifications, kept for a while (``docs/games-mods.rst``)."""

from __future__ import annotations

from collections.abc import Callable

import attrs
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from lanrage.core.game_mods import ModList
from lanrage.core.game_profile import Mods
from lanrage.errors import BadInput
from lanrage.net.game_mod_files import ModPlaces

KEPT = 10.0
"""Seconds that a list is taken as it was read."""
KEPT_SHARE = 20.0
"""It is kept so many times as long as its reading took, too: questions of others never keep a disk busy."""
NO_HOME = "this node runs as a system's service and cannot read a player's home folder"
NO_FOLDER = "they are in the game's folder, and this node does not know where that is"

log = Logger()


@attrs.frozen
class OwnMods:
    """A list, or why it is not known.

    :param trouble: empty where it is known.
    """

    mods: ModList = ModList()
    trouble: str = ""


@attrs.frozen
class _Kept:
    rule: Mods
    own: OwnMods
    until: float


class OwnModLists:
    """Reads lists, one reading of a game at a time.

    :param read: reads one off the reactor.
    :param home: of the user who plays; ``None`` where this node is no player's.
    """

    def __init__(
        self, clock: IReactorTime, read: Callable[[Mods, ModPlaces], Deferred[ModList]], home: str | None
    ) -> None:
        self._clock = clock
        self._read = read
        self._home = home
        self._kept: dict[str, _Kept] = {}
        self._waiting: dict[str, list[Deferred[OwnMods]]] = {}

    def get(self, game: str, rule: Mods) -> Deferred[OwnMods]:
        """The list of a game; it never fails."""
        if self._home is None:
            return succeed(OwnMods(trouble=NO_HOME))
        if not all(path.startswith("~/") for path in rule.paths):
            return succeed(OwnMods(trouble=NO_FOLDER))
        kept = self._kept.get(game)
        if kept is not None and kept.rule == rule and self._clock.seconds() < kept.until:
            return succeed(kept.own)
        waiting: Deferred[OwnMods] = Deferred()
        queue = self._waiting.setdefault(game, [])
        queue.append(waiting)
        if len(queue) == 1:
            reading: Deferred[OwnMods] = self._read(rule, ModPlaces(self._home)).addCallbacks(OwnMods, _trouble)
            reading.addCallback(self._have, game, rule, self._clock.seconds())
        return waiting

    def _have(self, own: OwnMods, game: str, rule: Mods, began: float) -> None:
        now = self._clock.seconds()
        self._kept[game] = _Kept(rule, own, now + max(KEPT, KEPT_SHARE * (now - began)))
        for waiting in self._waiting.pop(game):
            waiting.callback(own)


def _trouble(failure: Failure) -> OwnMods:
    if failure.check(BadInput):
        return OwnMods(trouble=str(failure.value))
    log.failure("the modifications of a game could not be read", failure)
    return OwnMods(trouble="they could not be read")
