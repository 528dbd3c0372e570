"""Questions to reflectors that are under way: each repeated until it is answered or its time is over."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from lanrage.core.links import Endpoint
from lanrage.core.nat import Change

TRANSACTION_BYTES = 12
"""RFC 8489, section 5."""
SENDS = (0.0, 0.1, 0.3, 0.7, 1.5)
"""Seconds after the start of a question at which it goes out until answered (RFC 8489 6.2.1 doubles too)."""
PATIENCE = 0.7
"""Seconds after the last request that an answer may take: more than a way round the earth and a home's queue."""


@attrs.frozen
class Ask:
    """Send a binding request.

    :param change: from where else the answer is wanted; None = a plain request of RFC 8489.
    :param response_port: to which port of our outside address the answer is wanted, 0 = where the request came from.
    """

    transaction: bytes
    to: Endpoint
    change: Change | None = None
    response_port: int = 0


@attrs.frozen
class Reply:
    """What came for a question.

    :param source: from where; our own address, as the NAT shows it, where our own request came back.
    :param mapped: how the reflector saw us.
    :param other: its other address and port.
    :param refused: it does not know what was asked for (error 420).
    :param returned: no answer, but our own request.
    """

    source: Endpoint
    mapped: Endpoint | None = None
    other: Endpoint | None = None
    refused: bool = False
    returned: bool = False


@attrs.define
class Question:
    """One question.

    :param fits: whether a reply is one to this question; others are passed over.
    :ivar reply: the first that fits.
    :ivar failed: its time is over.
    """

    ask: Ask
    fits: Callable[[Reply], bool]
    begun: float
    sends: tuple[float, ...] = SENDS
    reply: Reply | None = None
    failed: bool = False
    _sent: int = 0

    @property
    def settled(self) -> bool:
        """Nothing more is done about it."""
        return self.reply is not None or self.failed

    def deadline(self) -> float | None:
        """When :meth:`tick` has something to do; None = never."""
        if self.settled:
            return None
        if self._sent < len(self.sends):
            return self.begun + self.sends[self._sent]
        return self.begun + self.sends[-1] + PATIENCE

    def tick(self, now: float) -> bool:
        """Whether the request goes out now."""
        deadline = self.deadline()
        if deadline is None or now < deadline:
            return False
        if self._sent == len(self.sends):
            self.failed = True
            return False
        # After a pause of the machine one request is enough for all that were due.
        while self._sent < len(self.sends) and self.begun + self.sends[self._sent] <= now:
            self._sent += 1
        return True


@attrs.define
class Questions:
    """The questions of one run, by name.

    :param random: gives secret bytes.
    """

    random: Callable[[int], bytes] = attrs.field(repr=False)
    _all: dict[str, Question] = attrs.field(factory=dict)

    def open(
        self,
        name: str,
        to: Endpoint,
        now: float,
        change: Change | None = None,
        *,
        fits: Callable[[Reply], bool] | None = None,
        sends: tuple[float, ...] = SENDS,
        response_port: int = 0,
    ) -> None:
        """Ask something; the request goes out at the next :meth:`tick`.

        :param fits: whether a reply is one; without it, any that comes from `to`.
        """
        ask = Ask(self.random(TRANSACTION_BYTES), to, change, response_port)
        self._all[name] = Question(ask, fits or (lambda reply: reply.source == to), now, sends)

    def __contains__(self, name: object) -> bool:
        """Whether it was asked in this run."""
        return name in self._all

    def reply(self, name: str) -> Reply | None:
        """What came for a question, if anything did."""
        question = self._all.get(name)
        return question.reply if question is not None else None

    def settled(self, *names: str) -> bool:
        """Whether these questions, as far as they were asked, are answered or given up."""
        return all(question.settled for name in names if (question := self._all.get(name)) is not None)

    def heard(self, transaction: bytes, reply: Reply) -> bool:
        """Take a reply in; false when it is to none of the questions, or not the first."""
        for question in self._all.values():
            if question.ask.transaction == transaction and not question.settled and question.fits(reply):
                question.reply = reply
                return True
        return False

    def tick(self, now: float) -> list[Ask]:
        """What goes out now."""
        return [question.ask for question in self._all.values() if question.tick(now)]

    def deadline(self) -> float | None:
        """When :meth:`tick` has something to do."""
        return min((d for q in self._all.values() if (d := q.deadline()) is not None), default=None)
