"""Asks one member for its list of a game's modifications (``docs/games-mods.rst``)."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from lanrage.core.game_mods import Compared, ModGathering, ModList, Verdict
from lanrage.wire import party_channel as wire

WAIT = 3.0
"""Seconds that a question waits for something new."""
TRIES = 2
"""Questions in a row that bring nothing new, then the member gives no answer."""
LONGEST = 30.0
"""Seconds for the whole list; the largest takes some ten."""


class ModsAsking:
    """One member's list, from the first question to its answer.

    Parts may be lost or come in any order. A list that changed on the way is asked for anew.

    :param own: the list here, to compare with.
    :param say: sends a question, best effort.
    :ivar answer: fires once with a :class:`Compared`.
    """

    def __init__(self, clock: IReactorTime, game: str, own: ModList, say: Callable[[wire.ModsAsk], None]) -> None:
        self.answer: Deferred[Compared] = Deferred()
        self._clock = clock
        self._game = game
        self._own = own
        self._digest = own.digest()
        self._say = say
        self._gathering: ModGathering | None = None
        self._asked: frozenset[int] = frozenset()
        self._tries = 0
        self._timer: IDelayedCall | None = None
        self._end: IDelayedCall | None = None

    def start(self, longest: float = LONGEST) -> None:
        """Ask; after so many seconds there is no answer."""
        self._end = self._clock.callLater(longest, self.finish, Compared(Verdict.NO_ANSWER))
        self._ask()

    def heard(self, part: wire.ModsPart) -> None:
        """The member told a part.

        :raises DecodeError: it is nothing that may be told.
        """
        if part.of == 0:
            self.finish(Compared(Verdict.UNKNOWN))
            return
        piece = part.piece()
        if piece.digest == self._digest:
            self.finish(Compared(Verdict.SAME))
            return
        gathering = self._gathering or ModGathering(piece.digest)
        before = gathering.missing()
        whole = gathering.take(piece)
        if whole is not None:
            self.finish(Compared.of(self._own, whole))
            return
        missing = gathering.missing()
        if missing is None:  # the first part was refused, or the whole had another digest
            self._gathering = None
            return
        self._gathering = gathering
        if missing != before:
            self._tries = 0
        if self._asked.isdisjoint(missing):
            self._ask()

    def finish(self, found: Compared) -> None:
        """Give the answer, once."""
        for timer in (self._timer, self._end):
            if timer is not None and timer.active():
                timer.cancel()
        if not self.answer.called:
            self.answer.callback(found)

    def _ask(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._tries += 1
        self._timer = self._clock.callLater(WAIT, self._silent)
        missing = self._gathering.missing() if self._gathering is not None else None
        parts = (missing or ())[: wire.PARTS_ASKED]
        self._asked = frozenset(parts or range(wire.PARTS_ASKED))
        digest = self._gathering.digest if self._gathering is not None else b""
        self._say(wire.ModsAsk(self._game, digest, parts))

    def _silent(self) -> None:
        if self._tries >= TRIES:
            self.finish(Compared(Verdict.NO_ANSWER))
            return
        if self._tries:  # nothing new came: the list may be another by now
            self._gathering = None
        self._ask()
