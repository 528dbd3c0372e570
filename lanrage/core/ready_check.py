"""A ready check: one asks, every member answers, all see who is ready (``docs/desktop.rst``). Pure.

The channel between members may lose what is said, so each says it again until the round ends; hearing it twice changes
nothing. A round is known by its number, 8 random bytes of whoever asks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from enum import StrEnum

import attrs

from lanrage.errors import Refused

LASTS = 60.0
"""Seconds for an answer."""
SHOWN = 300.0
"""Seconds for which the outcome is shown."""
AGAIN = 2.0
"""Seconds after which what was said is said again: 30 small datagrams a minute to each member."""
NUMBER_BYTES = 8
ROUNDS_REMEMBERED = 64
"""Rounds that were here already: what is sent again later begins none anew."""
PAUSE = 5.0
"""Seconds between two rounds: a host may change its mind, and none can keep everybody's desktop busy."""
EARLY_LIMIT = 64
"""Answers that are kept until their round is known: one of each member."""


class Word(StrEnum):
    """What a member says."""

    READY = "ready"
    NOT_READY = "not-ready"


class Outcome(StrEnum):
    """How a round stands."""

    ASKING = "asking"
    READY = "ready"
    """All are."""
    NOT_READY = "not-ready"
    """All have answered, and somebody is not."""
    TIMED_OUT = "timed-out"
    """Somebody did not answer."""


@attrs.frozen
class Round:
    """One check, as this node sees it.

    :param asker: identity of who asks, as all of them are.
    :param expected: who is asked, the asker included.
    :param until: seconds.
    :param words: what was answered.
    """

    number: bytes
    asker: bytes
    expected: frozenset[bytes]
    until: float
    words: dict[bytes, Word] = attrs.field(factory=dict)

    def outcome(self, now: float) -> Outcome:
        """How it stands."""
        words = [self.words.get(each) for each in self.expected]
        if None in words:
            return Outcome.ASKING if now < self.until else Outcome.TIMED_OUT
        return Outcome.READY if set(words) <= {Word.READY} else Outcome.NOT_READY


@attrs.frozen
class Say:
    """Say this to all members: the question where this node asks, and this node's answer, or ``None``."""

    number: bytes
    asks: bool
    lasts: float
    word: Word | None


@attrs.define
class ReadyCheck:
    """One node's. Inputs come with the time, which never goes back, and return what is to be said.

    :param me: own identity.
    :ivar round: the latest; ``None`` where none is shown.
    """

    me: bytes
    round: Round | None = attrs.field(init=False, default=None)
    _began: float = attrs.field(init=False, default=0.0)
    _next: float = attrs.field(init=False, default=0.0)
    _known: deque[bytes] = attrs.field(init=False, factory=lambda: deque(maxlen=ROUNDS_REMEMBERED))
    _early: dict[bytes, tuple[bytes, Word]] = attrs.field(init=False, factory=dict)

    # --- inputs -------------------------------------------------------------------------------------------------------

    def ask(self, number: bytes, others: Iterable[bytes], now: float) -> Say:
        """This node asks; it is ready itself.

        :param others: members that are there.
        :raises Refused: ``busy``: a check runs, or one has just ended.
        """
        if self.asking(now):
            raise Refused("busy", "a ready check runs already")
        if self.round is not None and now < self._began + PAUSE:
            raise Refused("busy", f"the last ready check began less than {PAUSE:g} s ago")
        self._begin(Round(number, self.me, frozenset(others) | {self.me}, now + LASTS, {self.me: Word.READY}), now)
        return self._say(now)

    def asked(self, asker: bytes, number: bytes, lasts: float, others: Iterable[bytes], now: float) -> bool:
        """A member that may do so asks.

        :param lasts: seconds that are left, as it says.
        :param others: members that are there.
        :return: whether that is news. Of two that ask at once the one with the lower number counts, everywhere.
        """
        if number in self._known:
            return False
        running = self.round if self.asking(now) else None
        again = self.round is not None and (running is None or running.asker == asker)
        if again and now < self._began + PAUSE:
            return False
        if running is not None and running.asker != asker and running.number <= number:
            return False
        until = now + min(max(lasts, 0.0), LASTS)
        self._begin(Round(number, asker, frozenset(others) | {self.me, asker}, until), now)
        for identity, (of, word) in tuple(self._early.items()):
            if of == number:
                self.told(identity, of, word, now)
        self._early.clear()
        return True

    def answer(self, word: Word, now: float) -> Say:
        """This node's user answers; may be changed until the round ends.

        :raises Refused: ``not_asked``: no check runs.
        """
        if self.round is None or now >= self.round.until:
            raise Refused("not_asked", "no ready check runs: lanrage party ready-check begins one")
        self.round.words[self.me] = word
        return self._say(now)

    def told(self, identity: bytes, number: bytes, word: Word, now: float) -> bool:
        """A member's answer came; whether that is news."""
        current = self.round
        if current is None or current.number != number:
            if number not in self._known and (identity in self._early or len(self._early) < EARLY_LIMIT):
                self._early[identity] = (number, word)
            return False
        if identity == self.me or identity not in current.expected or now >= current.until:
            return False
        news = current.words.get(identity) is not word
        current.words[identity] = word
        return news

    def members(self, there: frozenset[bytes]) -> None:
        """These are members now: who left, or was thrown out, is waited for no longer."""
        current = self.round
        if current is not None and not current.expected <= there | {self.me}:
            expected = current.expected & (there | {self.me})
            words = {who: word for who, word in current.words.items() if who in expected}
            self.round = attrs.evolve(current, expected=expected, words=words)

    def tick(self, now: float) -> Say | None:
        """What is to be said again now; ``None``: nothing."""
        current = self.round
        if current is None:
            return None
        if now >= current.until + SHOWN:
            self.round = None
            return None
        if now >= current.until or now < self._next:
            return None
        return self._say(now)

    # --- what is so ---------------------------------------------------------------------------------------------------

    def asking(self, now: float) -> bool:
        """Whether somebody has still to answer."""
        return self.round is not None and self.round.outcome(now) is Outcome.ASKING

    # --- within -------------------------------------------------------------------------------------------------------

    def _begin(self, new: Round, now: float) -> None:
        self.round, self._began, self._next = new, now, now
        self._known.append(new.number)

    def _say(self, now: float) -> Say:
        assert self.round is not None
        self._next = now + AGAIN
        asks = self.round.asker == self.me
        return Say(self.round.number, asks, max(0.0, self.round.until - now), self.round.words.get(self.me))
