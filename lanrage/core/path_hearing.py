"""Which of the peer's verified probes are no copies: whoever recorded one can send it again from anywhere.

The numbers of a peer's probes are looked at through a sliding window, as IPsec does (:rfc:`4303`, section 3.4.3).
"""

from __future__ import annotations

import enum
from collections import deque

import attrs

from lanrage.core.links import Endpoint
from lanrage.core.rate import TokenBucket

FORMER_LIMIT = 32
"""Sessions of the peer's former lives that are remembered: an offer of one is late, or a copy."""
WINDOW = 512
"""How far behind the newest a probe's number may be: ten seconds of a game, or a second of 28 paths that open."""
PLACES = 2
"""Places at which one probe is heard: the peer's, and that of one who was quicker with a copy."""
ASKS_RATE, ASKS_BURST = 0.2, 5.0
"""Probes of another life a second, and at once, that are answered by an offer: one that is heard is enough for two ends
to know each other again, and of recorded ones there may be many."""


class Heard(enum.Enum):
    """What a probe is."""

    NEW = 1
    """Never heard before."""
    ELSEWHERE = 2
    """Heard before, from another place; one of the two is a copy."""
    REPEATED = 3
    """Heard before from there, or so old that nobody can tell."""


@attrs.define
class Hearing:
    """What was heard of one peer; bounded."""

    _former: deque[bytes] = attrs.field(factory=lambda: deque(maxlen=FORMER_LIMIT))
    _newest: int = 0
    _places: dict[int, tuple[Endpoint, ...]] = attrs.field(factory=dict)
    _asks: TokenBucket = attrs.field(factory=lambda: TokenBucket(ASKS_RATE, ASKS_BURST))

    def left(self, session: bytes) -> None:
        """The peer began anew, and has this session no more."""
        self._former.append(session)

    def is_former(self, session: bytes) -> bool:
        """Whether the session is one that the peer has left."""
        return session in self._former

    def start_over(self) -> None:
        """One of the ends began anew: its probes are counted anew, and those of before are not meant for it."""
        self._newest = 0
        self._places.clear()

    def forget_former(self) -> None:
        """This end has a new session, which no copy of an offer can name."""
        self._former.clear()

    def place(self, transaction: bytes, source: Endpoint) -> Heard:
        """What a probe from there is; nothing is noted."""
        number = int.from_bytes(transaction, "big")
        places = self._places.get(number, ())
        if number <= self._newest - WINDOW or source in places or len(places) >= PLACES:
            return Heard.REPEATED
        return Heard.ELSEWHERE if places else Heard.NEW

    def note(self, transaction: bytes, source: Endpoint) -> Heard:
        """A probe comes from there: what it is; after that it is known."""
        heard = self.place(transaction, source)
        if heard is Heard.REPEATED:
            return heard
        number = int.from_bytes(transaction, "big")
        self._newest = max(self._newest, number)
        self._places[number] = (*self._places.get(number, ()), source)
        if len(self._places) > 2 * WINDOW:
            self._places = {n: places for n, places in self._places.items() if n > self._newest - WINDOW}
        return heard

    def asks(self, session: bytes, now: float) -> bool:
        """Whether a probe of another life is to be answered by an offer.

        :param session: of its sender.
        """
        return not self.is_former(session) and self._asks.take(now)
