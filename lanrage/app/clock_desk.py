"""A node asks members what their clocks show, and tells what its own does (``docs/doctor.rst``)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from lanrage.app.party_channel import PartyChannel
from lanrage.core.budget import Budget
from lanrage.core.clock_reading import ClockReading
from lanrage.wire import party_channel as wire
from lanrage.wire.party_quality import CLOCK_LIMIT, TOKEN_BYTES, ClockAsk, ClockTold

TURNS, TURN_SECONDS = 3, 0.4
"""Questions to one member, and seconds between them: one may be lost. A longer round trip is heard in a later turn."""
RATE, BURST = 1.0, 12.0
"""Questions a second, and at once, of one member that are answered: four doctors in a row. The answer is as short as
the question, and goes to its asker."""


@attrs.frozen
class _Question:
    """One that went out: to whom, when, and what our clock showed."""

    identity: bytes
    at: float
    wall: float


@attrs.define
class _Asking:
    """One round of questions.

    :ivar found: by identity.
    """

    _wanted: frozenset[bytes]
    found: dict[bytes, ClockReading] = attrs.field(factory=dict)
    _questions: dict[bytes, _Question] = attrs.field(factory=dict)
    _waiting: Deferred[None] | None = None

    @property
    def missing(self) -> frozenset[bytes]:
        """Who has not answered yet."""
        return self._wanted - self.found.keys()

    def asked(self, token: bytes, question: _Question) -> None:
        """A question goes out."""
        self._questions[token] = question

    def answered(self, identity: bytes, token: bytes, theirs: float, now: float) -> None:
        """An answer came; another's than who was asked is none."""
        question = self._questions.get(token)
        if question is None or question.identity != identity or identity in self.found:
            return
        self.found[identity] = ClockReading.of(question.wall, now - question.at, theirs)
        if not self.missing:
            self.wake()

    async def wait(self, clock: IReactorTime) -> None:
        """Until all have answered, or the turn is over."""
        if not self.missing:
            return
        waiting: Deferred[None] = Deferred()
        self._waiting = waiting
        call = clock.callLater(TURN_SECONDS, self.wake)
        try:
            await waiting
        finally:
            self._waiting = None
            if call.active():
                call.cancel()

    def wake(self) -> None:
        """Wait no longer."""
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.callback(None)


class ClockDesk:
    """One node's, in whatever party it is; a part of that party's channel from :meth:`join` to :meth:`leave`.

    :param random: ``os.urandom``, or a test's own.
    :ivar wall: seconds since the epoch; set by the node. Until then nothing is asked or told.
    :ivar refused: questions that came too often.
    """

    def __init__(self, clock: IReactorTime, random: Callable[[int], bytes]) -> None:
        self.wall: Callable[[], float] | None = None
        self.refused = 0
        self._clock, self._random = clock, random
        self._channel: PartyChannel | None = None
        self._answering: Budget[bytes] = Budget(RATE, BURST)
        self._askings: list[_Asking] = []

    def join(self, channel: PartyChannel) -> None:
        """Speak by this party's channel."""
        self._channel = channel
        channel.extras.append(self)

    def leave(self) -> None:
        """The party's session ends; who waits for answers waits no longer."""
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.extras.remove(self)
        for asking in tuple(self._askings):
            asking.wake()

    async def ask(self, members: Iterable[bytes]) -> dict[bytes, ClockReading]:
        """What the clocks of these members show, by identity; who does not answer in time is not there."""
        asking = _Asking(frozenset(members))
        self._askings.append(asking)
        try:
            for _ in range(TURNS):
                if self._channel is None or self.wall is None:
                    break
                for identity in asking.missing:
                    token = self._random(TOKEN_BYTES)
                    asking.asked(token, _Question(identity, self._clock.seconds(), self.wall()))
                    self._channel.say(identity, ClockAsk(token))
                await asking.wait(self._clock)
        finally:
            self._askings.remove(asking)
        return asking.found

    # --- the channel's extra ------------------------------------------------------------------------------------------

    def followed(self, ready: frozenset[bytes], members: frozenset[bytes]) -> None:
        """See :meth:`lanrage.app.party_channel.ChannelExtra.followed`."""

    def heard(self, identity: bytes, message: wire.Message) -> None:
        """See :meth:`lanrage.app.party_channel.ChannelExtra.heard`."""
        if isinstance(message, ClockAsk):
            self._answer(identity, message.token)
        elif isinstance(message, ClockTold):
            for asking in tuple(self._askings):
                asking.answered(identity, message.token, message.time / 1000, self._clock.seconds())

    def _answer(self, identity: bytes, token: bytes) -> None:
        if self._channel is None or self.wall is None:
            return
        if not self._answering.allow(identity, self._clock.seconds()):
            self.refused += 1
            return
        shown = min(CLOCK_LIMIT - 1, max(0, round(self.wall() * 1000)))
        self._channel.say(identity, ClockTold(token, shown))
