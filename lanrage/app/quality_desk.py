"""A node tells its party's members how its paths are, and hears how theirs are (``docs/protocol-party.rst``); the rules
are in :mod:`lanrage.core.path_reports`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from lanrage.app.links import Links
from lanrage.app.party_channel import PartyChannel
from lanrage.app.path_kind import path_told
from lanrage.core.budget import Budget
from lanrage.core.path_reports import PathTold, Report, ReportTalk
from lanrage.errors import DecodeError
from lanrage.wire import party_channel as wire
from lanrage.wire.party_quality import Quality

BEAT = 1.0
"""Seconds between looks at one's own paths."""
RATE, BURST = 1.0, 8.0
"""Reports a second, and at once, that one member is heard with: it tells one in two seconds, and answers."""


class QualityDesk:
    """One node's, in whatever party it is; a part of that party's channel from :meth:`join` to :meth:`leave`.

    :ivar refused: reports that came too often.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self.refused = 0
        self._clock = clock
        self._channel: PartyChannel | None = None
        self._links: Links | None = None
        self._talk = ReportTalk()
        self._heard: Budget[bytes] = Budget(RATE, BURST)
        self._timer: IDelayedCall | None = None

    # --- life ---------------------------------------------------------------------------------------------------------

    def join(self, channel: PartyChannel, links: Links) -> None:
        """Speak by this party's channel, of these links."""
        self._channel, self._links, self._talk = channel, links, ReportTalk()
        channel.extras.append(self)
        self._timer = self._clock.callLater(BEAT, self._look)

    def leave(self) -> None:
        """The party's session ends, and with it what was told."""
        channel, self._channel, self._links = self._channel, None, None
        self._talk = ReportTalk()
        if channel is not None:
            channel.extras.remove(self)
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None

    # --- what is so ---------------------------------------------------------------------------------------------------

    def own(self) -> dict[bytes, PathTold]:
        """This node's paths now, by the member's identity."""
        links = self._links.peers if self._links is not None else {}
        return {identity: path_told(link) for identity, link in links.items() if not link.revoked}

    def reports(self) -> Mapping[bytes, Report]:
        """What the other members told of theirs, by identity."""
        return self._talk.reports(self._clock.seconds())

    # --- the channel's extra ------------------------------------------------------------------------------------------

    def followed(self, ready: frozenset[bytes], members: frozenset[bytes]) -> None:
        """See :meth:`lanrage.app.party_channel.ChannelExtra.followed`."""
        self._talk.follow(ready, members)

    def heard(self, identity: bytes, message: wire.Message) -> None:
        """See :meth:`lanrage.app.party_channel.ChannelExtra.heard`."""
        if not isinstance(message, Quality) or self._links is None:
            return
        now = self._clock.seconds()
        if not self._heard.allow(identity, now):
            self.refused += 1
            return
        if self._talk.heard(identity, self._paths(self._links, identity, message), now):
            self._tell([identity])

    # --- within -------------------------------------------------------------------------------------------------------

    def _paths(self, links: Links, sender: bytes, message: Quality) -> dict[bytes, PathTold]:
        """By identity; whom we do not know as a member, yet or any more, is left out. So is this node: of its own paths
        it goes by what it measures itself.

        :raises DecodeError: a member is named twice, or the sender itself.
        """
        known = {link.member.certificate.ip: identity for identity, link in links.peers.items()}
        told = {known[address]: path for address, path in message.paths().items() if address in known}
        if sender in told:
            raise DecodeError("a report of paths names its sender")
        return told

    def _look(self) -> None:
        self._timer = self._clock.callLater(BEAT, self._look)
        due = self._talk.tick(self.own(), self._clock.seconds())
        self._tell(due.told)
        for identity in due.hailed:
            if self._channel is not None:
                self._channel.say(identity, Quality(()))

    def _tell(self, to: Iterable[bytes]) -> None:
        channel, links = self._channel, self._links
        if channel is None or links is None:
            return
        own = self.own()
        message = Quality.of((links.peers[identity].member.certificate.ip, path) for identity, path in own.items())
        for identity in to:
            channel.say(identity, message)
