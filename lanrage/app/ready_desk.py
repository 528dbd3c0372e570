"""A party's ready check over its channel (``docs/desktop.rst``); the rules are in :mod:`lanrage.core.ready_check`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from lanrage.app.party_channel import PartyChannel
from lanrage.core.budget import Budget
from lanrage.core.ready_check import NUMBER_BYTES, Outcome, ReadyCheck, Round, Say, Word
from lanrage.errors import Refused
from lanrage.wire import party_channel as wire

BEAT = 0.5
"""Seconds between looks while a check is shown."""
RATE, BURST = 4.0, 16.0
"""Messages a second, and at once, that one member is heard with: it says two in two seconds."""

log = Logger()

Told = Callable[[bytes, str], None]
"""Told of what a member (identity) did, in words that follow its name."""


def _no_news(_identity: bytes, _words: str) -> None:
    """Nobody wants to know."""


class ReadyDesk:
    """One node's, in whatever party it is; a part of that party's channel from :meth:`join` to :meth:`leave`.

    :param random: ``os.urandom``, or a test's own.
    :ivar me: own identity; set by the node.
    :ivar governs: whether a member is host or moderator; set by the node.
    :ivar present: members that are online, in the node's view; set by the node.
    :ivar told: called with what happened in a check.
    :ivar refused: what members said too often, or without the right to.
    """

    def __init__(self, clock: Any, random: Callable[[int], bytes]) -> None:
        self._clock, self._random = clock, random
        self.me: Callable[[], bytes] = bytes
        self.governs: Callable[[bytes], bool] = lambda _: False
        self.present: Callable[[], frozenset[bytes]] = frozenset
        self.told: Told = _no_news
        self.refused = 0
        self._channel: PartyChannel | None = None
        self._check: ReadyCheck | None = None
        self._heard: Budget[bytes] = Budget(RATE, BURST)
        self._members: frozenset[bytes] = frozenset()
        self._outcome: tuple[bytes, Outcome] | None = None
        self._timer: IDelayedCall | None = None

    # --- life ---------------------------------------------------------------------------------------------------------

    def join(self, channel: PartyChannel) -> None:
        """Speak by this party's channel."""
        self._channel, self._check = channel, ReadyCheck(self.me())
        channel.extras.append(self)

    def leave(self) -> None:
        """The party's session ends, and with it what was asked."""
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.extras.remove(self)
        self._check = self._outcome = None
        if self._timer is not None and self._timer.active():
            self._timer.cancel()

    # --- operations ---------------------------------------------------------------------------------------------------

    def ask(self) -> None:
        """Ask all members that are there.

        :raises Refused: ``not_allowed``: this node is neither host nor moderator; ``busy``: a check runs; ``no_card``.
        """
        check = self._running()
        if not self.governs(check.me):
            raise Refused("not_allowed", "only the host and moderators ask who is ready")
        self._say(check.ask(self._random(NUMBER_BYTES), self._there(), self._now))
        self.told(check.me, "asks who is ready")
        self._look()

    def answer(self, word: Word) -> None:
        """Answer, or change the answer.

        :raises Refused: ``not_asked``: no check runs; ``no_card``.
        """
        self._say(self._running().answer(word, self._now))
        self._look()

    def shown(self) -> tuple[Round, Outcome, float] | None:
        """The latest check, how it stands, and the seconds that are left; ``None`` where there is none."""
        if self._check is None or self._check.round is None:
            return None
        current = self._check.round
        return current, current.outcome(self._now), max(0.0, current.until - self._now)

    # --- the channel's extra ------------------------------------------------------------------------------------------

    def followed(self, ready: frozenset[bytes], members: frozenset[bytes]) -> None:
        """See :meth:`lanrage.app.party_channel.ChannelExtra.followed`."""
        del ready
        self._members = members
        if self._check is not None:
            self._check.members(members)
            self._look()

    def heard(self, identity: bytes, message: wire.Message) -> None:
        """See :meth:`lanrage.app.party_channel.ChannelExtra.heard`."""
        check = self._check
        if check is None or not isinstance(message, wire.ReadyAsk | wire.ReadyTold):
            return
        asks = isinstance(message, wire.ReadyAsk)
        if not self._heard.allow(identity, self._now) or (asks and not self.governs(identity)):
            self.refused += 1
        elif isinstance(message, wire.ReadyAsk):
            if check.asked(identity, message.number, message.lasts, self._there(), self._now):
                self.told(identity, "asks who is ready: lanrage party ready")
        elif isinstance(message, wire.ReadyTold):
            check.told(identity, message.number, Word.READY if message.ready else Word.NOT_READY, self._now)
        self._look()

    # --- within -------------------------------------------------------------------------------------------------------

    @property
    def _now(self) -> float:
        return float(self._clock.seconds())

    def _running(self) -> ReadyCheck:
        if self._check is None:
            raise Refused("no_card", "this machine does not take part in a party now")
        return self._check

    def _there(self) -> frozenset[bytes]:
        """Members that are there and can be asked."""
        return self._members & self.present()

    def _look(self) -> None:
        """Say again what is due, and tell how it went, once."""
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        check = self._check
        if check is None:
            return
        say = check.tick(self._now)
        if say is not None:
            self._say(say)
        if check.round is not None:
            self._tell_outcome(check.round)
            self._timer = self._clock.callLater(BEAT, self._look)

    def _tell_outcome(self, current: Round) -> None:
        state = current.number, current.outcome(self._now)
        if state == self._outcome:
            return
        self._outcome = state
        words = {
            Outcome.READY: "asked, and everybody is ready",
            Outcome.NOT_READY: "asked, and not everybody is ready",
            Outcome.TIMED_OUT: "asked, and not everybody has answered",
        }
        if state[1] in words:
            log.info("a ready check ended: {outcome}", outcome=state[1].value)
            self.told(current.asker, words[state[1]])

    def _say(self, say: Say) -> None:
        if self._channel is None:
            return
        for identity in self._members:
            if say.asks:
                self._channel.say(identity, wire.ReadyAsk(say.number, say.lasts))
            if say.word is not None:
                self._channel.say(identity, wire.ReadyTold(say.number, say.word is Word.READY))
