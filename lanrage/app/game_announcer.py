"""Tells who wants it which games begin and end on this machine (``docs/games-effects.rst``)."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime

from lanrage.app.game_presence import Watch
from lanrage.core.game_detection import GameChange, GameChanged, GameEnded
from lanrage.core.game_presence import NAME_LIMIT, SURE

QUIET = 300.0
"""Seconds in which a game that ends and begins again is not told a second time."""
REMEMBERED_LIMIT = 64
"""Games whose last line is remembered."""


class GameAnnouncer:
    """Says the party's name and the game's, and nothing else: no member, no address.

    :param say: takes a line; ``None`` where nobody wants to hear it now.
    :param party: the party's name; ``None`` outside of one: then nothing is told.
    :param wanted: the setting ``games.announce`` now.
    """

    def __init__(
        self,
        clock: IReactorTime,
        say: Callable[[], Callable[[str], None] | None],
        party: Callable[[], str | None],
        wanted: Callable[[], bool],
    ) -> None:
        self._clock, self._say, self._party, self._wanted = clock, say, party, wanted
        self._told_at: dict[str, float] = {}
        self._open: set[str] = set()
        self._end: Callable[[], None] = lambda: None

    @property
    def open(self) -> frozenset[str]:
        """Games whose beginning was told, and their end not yet."""
        return frozenset(self._open)

    def follow(self, watch: Watch) -> None:
        """Tell of what begins from now on."""
        self._end()
        self._end = watch.listen(self.changed)

    def stop(self) -> None:
        """Tell no more."""
        self._end()
        self._end = lambda: None
        self._open.clear()

    def changed(self, change: GameChange) -> None:
        """A game began or ended; one that was but guessed begins when it is sure."""
        if isinstance(change, GameChanged) and change.before.best.confidence >= SURE:
            return
        game, name = change.running.game, change.running.name[:NAME_LIMIT]
        if isinstance(change, GameEnded):
            if game in self._open:
                self._open.discard(game)
                self._tell(f"{name} is over")
            return
        if change.running.best.confidence < SURE:
            return
        now = self._clock.seconds()
        if now - self._told_at.get(game, -QUIET) < QUIET or not self._tell(f"{name} is played"):
            return
        self._open.add(game)
        self._told_at[game] = now
        while len(self._told_at) > REMEMBERED_LIMIT:
            del self._told_at[min(self._told_at, key=lambda each: self._told_at[each])]

    def _tell(self, what: str) -> bool:
        say, party = self._say(), self._party()
        if not self._wanted() or say is None or party is None:
            return False
        say(f"{party}: {what}")
        return True
