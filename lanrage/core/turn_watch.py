"""Whether a reactor turns: what a thread beside it concludes from a look now and then. Pure.

A look tells whether the reactor waits (for descriptors or timers, which is no stall) and how much processor time this
process has had. Where it does not wait, it is asked to answer; who answers turned. An answer that does not come within
the threshold is a stall. A gap between two looks is no stall of the reactor where the whole process stood still
(stopped, starved, the virtual machine paused); where the process worked through the gap, something held the
interpreter's lock, and the reactor with it.
"""

from __future__ import annotations

from enum import Enum

import attrs

THRESHOLD = 0.25
"""Seconds without a turn that are a stall: a game's announcement waits as long, which a player sees."""

LOOKS_AT_REST, LOOKS = 2, 5
"""Looks in a threshold, as long as the reactor owes no answer, and while it does: what is longer than a threshold and a
half is seen for certain. Each look wakes a thread, eight times a second at rest."""

WORKED = 0.5
"""Of a gap between looks, the share of processor time from which on the process is said to have worked through it."""

LONG = 5.0
"""Seconds after which a stall that goes on is told, since it may never end."""


class Wish(Enum):
    """What a look asks for."""

    NOTHING = "nothing"
    ASK = "ask"
    """Ask the reactor to answer (:meth:`TurnWatch.answered`)."""
    TELL = "tell"
    """It has stood still for long: tell it now."""


@attrs.define
class TurnWatch:
    """One reactor, watched.

    :param threshold: seconds without a turn that are a stall.
    :param long: seconds after which one that goes on is told.
    :ivar held_up: gaps in which the whole process stood still.
    """

    threshold: float = THRESHOLD
    long: float = LONG
    held_up: int = 0
    _looked: float | None = None
    _worked: float = 0.0
    _asked: float | None = None
    _told: bool = False

    @property
    def interval(self) -> float:
        """Seconds until the next look."""
        return self.threshold / (LOOKS_AT_REST if self._asked is None else LOOKS)

    def look(self, now: float, worked: float, waits: bool) -> Wish:
        """Look at the reactor.

        :param now: seconds, of a clock that stands while the machine sleeps.
        :param worked: processor seconds that this process has had.
        :param waits: the reactor waits for something to happen.
        """
        since = now if self._looked is None else self._looked
        gap, had = now - since, worked - self._worked
        self._looked, self._worked = now, worked
        began = now
        if gap > self.threshold and had < WORKED * gap:
            self.held_up += 1
            self._asked = None if self._asked is None else self._asked + gap
        elif gap > self.threshold:
            began = since
        if self._asked is None:
            if waits:
                return Wish.NOTHING
            self._asked = began
            return Wish.ASK
        if now - self._asked <= self.long or self._told:
            return Wish.NOTHING
        self._told = True
        return Wish.TELL

    def answered(self, now: float) -> float | None:
        """The reactor turned: how long it had stood still, ``None`` where that was no stall."""
        asked, self._asked, self._told = self._asked, None, False
        if asked is None or now - asked <= self.threshold:
            return None
        return now - asked
