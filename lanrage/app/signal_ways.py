"""The ways of a sealed offer to a member: the control server, the tunnel, other members."""

from __future__ import annotations

from collections.abc import Callable

import attrs
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from lanrage.app.links import Links
from lanrage.app.party_channel import PartyChannel


@attrs.frozen
class SignalWays:
    """Sends offers; all best effort.

    :param control: ``(identity, payload)``; fires with whether the control server took it for the member.
    """

    control: Callable[[bytes, bytes], Deferred[bool]]
    channel: PartyChannel
    links: Links
    log = Logger()

    def send(self, identity: bytes, payload: bytes) -> None:
        """A new offer: by the control server and the tunnel, and by other members where neither will do."""
        through = self.channel.signal(identity, payload) and self._reached(identity)
        took = self.control(identity, payload)
        if not through:
            took.addCallback(lambda taken: None if taken else self._forward(identity, payload))
        took.addErrback(lambda failure: self.log.failure("an offer could not be sent", failure))

    def around(self, identity: bytes, payload: bytes) -> None:
        """An offer once more: by the tunnel, and by other members while no path is open."""
        self.channel.signal(identity, payload)
        if not self._reached(identity):
            self._forward(identity, payload)

    def _reached(self, identity: bytes) -> bool:
        link = self.links.peers.get(identity)
        return link is not None and link.plan.reached

    def _forward(self, identity: bytes, payload: bytes) -> None:
        if identity in self.links.peers:
            self.channel.forward(identity, payload)
