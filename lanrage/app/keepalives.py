"""The keepalive of each peer, by what is known of the NATs between (:mod:`lanrage.core.keepalive`)."""

from __future__ import annotations

from collections.abc import Callable
from weakref import WeakKeyDictionary

from twisted.internet.interfaces import IReactorTime

from lanrage.app.peer_link import PeerLink
from lanrage.core.keepalive import LostMapping, choose
from lanrage.core.nat import NatKind


class Keepalives:
    """Seconds between keepalives to each peer; asked again each second, it also looks whether mappings were lost.

    :param nat: what this node is behind.
    :param lifetime: seconds that its NAT keeps an unused mapping; None = not known.
    """

    def __init__(self, clock: IReactorTime, nat: Callable[[], NatKind], lifetime: Callable[[], float | None]) -> None:
        self._clock = clock
        self._nat = nat
        self._lifetime = lifetime
        self._lost: WeakKeyDictionary[PeerLink, LostMapping] = WeakKeyDictionary()

    def seconds(self, link: PeerLink) -> int:
        """The keepalive to this peer now."""
        lost = self._lost.setdefault(link, LostMapping())
        path = link.plan.current
        if path is not None and not path.relayed:
            lost.look(path.observed, path.candidate.endpoint, self._choose(link, lost), self._clock.seconds())
        return self._choose(link, lost)

    def moved(self) -> None:
        """This machine's addresses changed."""
        for lost in self._lost.values():
            lost.moved()

    def _choose(self, link: PeerLink, lost: LostMapping) -> int:
        return choose(self._nat(), link.peer_nat, self._lifetime(), lost.lasting(self._clock.seconds()))
