"""Members tell each other by the party channel whether they serve guests (:mod:`lanrage.core.guest_serving`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from lanrage.app.party_channel import ChannelExtra
from lanrage.core.budget import Budget
from lanrage.core.guest_serving import ServingTalk
from lanrage.wire import party_channel as wire

# Protocols have methods without a body.
# pylint: disable=missing-function-docstring

RATE, BURST = 1.0, 8.0
"""Tellings a second, and at once, that one member is heard with: it says one thing at most four times in 40 s."""


class Channel(Protocol):
    """As much of :class:`lanrage.app.party_channel.PartyChannel` as is spoken by."""

    extras: list[ChannelExtra]

    def say(self, identity: bytes, message: wire.Message) -> None: ...


class GuestServing:
    """A part of a session's channel, from its making to :meth:`stop`.

    :param cut_off: to which members no path leads any more.
    :ivar refused: tellings of members that came too often.
    """

    def __init__(
        self, clock: IReactorTime, channel: Channel, serves: bool, cut_off: Callable[[], frozenset[bytes]] = frozenset
    ) -> None:
        self._clock, self._channel, self._cut_off = clock, channel, cut_off
        self._talk = ServingTalk(serves)
        self._heard: Budget[bytes] = Budget(RATE, BURST)
        self._timer: IDelayedCall | None = None
        self.refused = 0
        channel.extras.append(self)

    def stop(self) -> None:
        """Say and hear nothing more."""
        if self in self._channel.extras:
            self._channel.extras.remove(self)
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None

    def say(self, serves: bool) -> None:
        """This node serves guests, or does not, from now on."""
        self._talk.say(serves, self._clock.seconds())
        self._tell()

    def of(self, identity: bytes) -> bool | None:
        """Whether another member says that it serves guests; ``None``: it is not there, or has not said so yet."""
        return self._talk.told.get(identity)

    # --- the channel's extra ------------------------------------------------------------------------------------------

    def followed(self, ready: frozenset[bytes], members: frozenset[bytes]) -> None:
        """See :meth:`lanrage.app.party_channel.ChannelExtra.followed`."""
        self._talk.ready((ready & members) - self._cut_off(), self._clock.seconds())
        self._tell()

    def heard(self, identity: bytes, message: wire.Message) -> None:
        """See :meth:`lanrage.app.party_channel.ChannelExtra.heard`."""
        if not isinstance(message, wire.Guests):
            return
        now = self._clock.seconds()
        if not self._heard.allow(identity, now):
            self.refused += 1
            return
        self._talk.heard(identity, message.serves, message.asks, now)
        self._tell()

    # --- within -------------------------------------------------------------------------------------------------------

    def _tell(self) -> None:
        now = self._clock.seconds()
        for identity, asks in self._talk.take(now):
            self._channel.say(identity, wire.Guests(self._talk.serves, asks))
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        deadline = self._talk.deadline()
        self._timer = None if deadline is None else self._clock.callLater(max(0.001, deadline - now), self._tell)
