"""Which members serve guests, as each says of itself (``docs/guests.rst``); pure.

A telling may be lost: each is said some times, and a member that was not heard is asked, slowly, for as long as it is
there. What a member says lasts until its link is down.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs

REPEATS = (2.0, 8.0, 30.0)
"""Seconds from one telling to the next of the same: three are not lost but on a link that is as good as down."""
ASKING = 60.0
"""Seconds between questions to a member that did not answer the first: one of an older version never does."""


@attrs.frozen
class Due:
    """When a member is told next.

    :param at: seconds, by the caller's clock.
    :param said: how often it was told the same before.
    """

    at: float
    said: int = 0


@attrs.define
class ServingTalk:
    """What this node says and has heard.

    :ivar serves: whether this node serves guests.
    :ivar told: what the members that are there said of themselves, by identity.
    """

    serves: bool
    told: dict[bytes, bool] = attrs.field(init=False, factory=dict)
    _due: dict[bytes, Due] = attrs.field(init=False, factory=dict)
    _ready: frozenset[bytes] = attrs.field(init=False, default=frozenset())

    def say(self, serves: bool, now: float) -> None:
        """This node serves guests, or does not, from now on."""
        if serves != self.serves:
            self.serves = serves
            self._due = {who: Due(now) for who in self._ready}

    def ready(self, ready: Iterable[bytes], now: float) -> None:
        """The links to these members are up; who is no longer there has to say it again."""
        before, self._ready = self._ready, frozenset(ready)
        self.told = {who: serves for who, serves in self.told.items() if who in self._ready}
        self._due = {who: due for who, due in self._due.items() if who in self._ready}
        self._due |= {who: Due(now) for who in self._ready - before}

    def heard(self, who: bytes, serves: bool, asks: bool, now: float) -> None:
        """A member said this.

        :param asks: it has not heard this node.
        """
        if who not in self._ready:
            return
        self.told[who] = serves
        if asks:
            self._due[who] = Due(now)

    def take(self, now: float) -> list[tuple[bytes, bool]]:
        """Whom to tell now, and whether to ask; they count as told then."""
        taken = sorted(who for who, due in self._due.items() if due.at <= now)
        for who in taken:
            said = self._due.pop(who).said
            if said < len(REPEATS):
                self._due[who] = Due(now + REPEATS[said], said + 1)
            elif who not in self.told:
                self._due[who] = Due(now + ASKING, said)
        return [(who, who not in self.told) for who in taken]

    def deadline(self) -> float | None:
        """When somebody is to be told next; ``None``: nobody."""
        return min((due.at for due in self._due.values()), default=None)
