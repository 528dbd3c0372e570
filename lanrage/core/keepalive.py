"""How often WireGuard must say something so that the NATs between two members keep their mappings."""

from __future__ import annotations

import attrs

from lanrage.core.links import Endpoint
from lanrage.core.nat import NatKind

DEFAULT = 25
"""Seconds; WireGuard's customary value, below the 30 s after which home routers forget a UDP flow."""
BY_KIND: dict[NatKind, int] = {
    NatKind.OPEN: 60,
    NatKind.FULL_CONE: 60,
    NatKind.ADDRESS_RESTRICTED: 30,
    NatKind.PORT_RESTRICTED: 15,
    NatKind.SYMMETRIC: 8,
    NatKind.BLOCKED: DEFAULT,
    NatKind.UNKNOWN: DEFAULT,
}
"""Seconds for each kind. Where anybody may send in, a lost mapping costs least; behind a symmetric NAT the new one has
another port, so the peer is lost until it is heard again. BLOCKED goes by a relay over TCP, which needs none."""
LEAST = 5
"""Seconds; a NAT that forgets faster is of no use to games either, and 5 s cost 30 bytes a second."""
SHARE = 0.6
"""Of a mapping's lifetime: one keepalive may be lost near its end."""
REMEMBERED = 1800.0
"""Seconds that a mapping's loss shortens the keepalive: a router that was restarted once is no reason for ever."""


def choose(own: NatKind, peer: NatKind, lifetime: float | None = None, expired: float | None = None) -> int:
    """Seconds between keepalives to a peer: what the stricter of both NATs needs.

    :param lifetime: seconds that this node's NAT was seen to keep a mapping that nobody used; None = not known.
    :param expired: seconds of silence after which the mapping to this peer was gone; None = not seen.
    """
    wanted = float(min(BY_KIND[own], BY_KIND[peer]))
    for limit in (lifetime, expired):
        if limit is not None:
            wanted = min(wanted, limit * SHARE)
    return max(LEAST, int(wanted))


@attrs.define
class LostMapping:
    """Whether the mapping to one remote address outlives the silence between two packets to it.

    Whoever is there tells from where it sees us. Another port of the same address, while this machine did not move, is
    a new mapping: the old one did not live through the silence.

    :ivar expired: the silence that was too long, in seconds; None = none was.
    """

    expired: float | None = None
    _seen: Endpoint | None = None
    _by: Endpoint | None = None
    _at: float = 0.0

    def look(self, seen: Endpoint | None, by: Endpoint, silence: float, now: float) -> None:
        """Take in where we are seen; None = not told.

        :param by: the remote address. What another one sees is no comparison: a symmetric NAT shows each another port.
        :param silence: the longest that nothing was sent to it, in seconds.
        """
        if seen is None:
            return
        before = self._seen if by == self._by else None
        self._seen, self._by = seen, by
        if before is not None and seen != before and seen.host == before.host:
            self.expired, self._at = silence, now

    def lasting(self, now: float) -> float | None:
        """:attr:`expired`, unless it was long ago: a router that was started anew lost its mappings once."""
        return None if now - self._at > REMEMBERED else self.expired

    def moved(self) -> None:
        """This machine is in another network: what was seen belongs to the former."""
        self.expired = self._seen = self._by = None
