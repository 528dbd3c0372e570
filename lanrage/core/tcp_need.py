"""Which peers need the relay over TCP: the last way of all, for a network that lets no UDP through."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

PATIENCE = 0.7
"""Seconds in which a relay that was asked by UDP has not answered: three tries, and any round trip but a satellite's.
To have been wrong costs a connection that goes again."""
HOLD = 5.0
"""Seconds that a peer's channel is kept once another way is open, should that fail at once."""
GIVE_UP, AGAIN = 30.0, 120.0
"""Seconds in which a peer has not come to the relay and its channel is given back, and until it is tried again."""


@attrs.frozen
class PeerView:
    """One peer as its link sees it.

    :param session: of its life, from its offers; ``None`` = nothing was heard of it.
    :param reached: a path that is not of the relay over TCP is open.
    :param bound: the relay holds its binding by UDP; it holds one an identity, so one by TCP is gone.
    :param usable: the relay over TCP carries packets to it.
    """

    session: bytes | None
    reached: bool = False
    bound: bool = False
    usable: bool = False


@attrs.define
class _Peer:
    session: bytes | None
    since: float
    idle: float | None = None
    resting: float | None = None


@attrs.define
class TcpNeed:
    """Decides; to be asked every tenth of a second while it is uncertain.

    :ivar silent: no relay answers by UDP.
    """

    silent: bool = attrs.field(init=False, default=False)
    _unanswered: bool = attrs.field(init=False, default=True)
    _asked: float | None = attrs.field(init=False, default=None)
    _peers: dict[bytes, _Peer] = attrs.field(init=False, factory=dict)

    @property
    def uncertain(self) -> bool:
        """No relay has answered yet, or a peer has a channel: what is needed may be another in a moment."""
        return self._unanswered or bool(self._peers)

    def look(
        self, now: float, peers: Mapping[bytes, PeerView], *, asked: bool, answered: bool, blocked: bool = False
    ) -> set[bytes]:
        """The peers that shall have a channel.

        :param now: seconds of a clock that only moves forward.
        :param peers: all of them, by identity.
        :param asked: a relay is being asked by UDP.
        :param answered: a relay holds a binding by UDP.
        :param blocked: it is known that no UDP comes through.
        """
        self._unanswered = bool(peers) and not answered
        if not asked or answered:
            self._asked = None
        elif self._asked is None:
            self._asked = now
        self.silent = self._asked is not None and (blocked or now - self._asked >= PATIENCE)
        for gone in self._peers.keys() - peers.keys():
            del self._peers[gone]
        return {identity for identity, view in peers.items() if self._wants(identity, view, now)}

    def _wants(self, identity: bytes, view: PeerView, now: float) -> bool:
        peer = self._peers.get(identity)
        if peer is not None and (view.session != peer.session or view.session is None):
            peer = None  # another life: all begins anew
        needs = self.silent and view.session is not None and not view.reached
        if view.bound or (peer is None and not needs):
            self._peers.pop(identity, None)
            return False
        if peer is None:
            peer = _Peer(view.session, now)
        self._peers[identity] = peer
        if peer.resting is not None:
            if now < peer.resting:
                return False
            self._peers.pop(identity)
            return self._wants(identity, view, now)
        return self._keeps(peer, needs, view.usable, now)

    def _keeps(self, peer: _Peer, needs: bool, usable: bool, now: float) -> bool:
        if usable:
            peer.since = now
        if needs:
            peer.idle = None
        elif peer.idle is None:
            peer.idle = now
        if now - peer.since >= GIVE_UP:
            peer.resting = now + AGAIN
        elif peer.idle is not None and now - peer.idle >= HOLD:
            peer.resting = now  # not kept, and free to begin again at the next look
        return peer.resting is None
