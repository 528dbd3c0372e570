"""What the parts around a party's links give them, and want to know of them; set once all parts are built."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address

from lanrage.app.peer_device import KEEPALIVE
from lanrage.app.peer_link import PeerLink
from lanrage.core.links import Endpoint
from lanrage.core.nat import NatKind


class LinkHooks:
    """Each does nothing until it is set.

    :ivar nat: what this node is behind.
    :ivar is_relay: whether an address is a port of a relay that forwards for one of our pairs.
    :ivar on_lost: called with a sentence when WireGuard's device is gone.
    :ivar on_moved: called when this machine's addresses changed, before the links are told.
    :ivar ways_around: an offer, by every way but the control server.
    :ivar keepalive: seconds between WireGuard's keepalives to a peer, by what is known of the NATs between.
    :ivar carried: bytes of the tunnel, both ways, that LAN plane and party channel took to and from the member of this
        address.
    :ivar remembered: addresses of a member that worked in an earlier life.
    """

    nat = NatKind.UNKNOWN

    def __init__(self) -> None:
        self.is_relay: Callable[[Endpoint], bool] = lambda endpoint: False
        self.on_lost: Callable[[str], None] = lambda why: None
        self.on_moved: Callable[[], None] = lambda: None
        self.ways_around: Callable[[bytes, bytes], None] = lambda identity, payload: None
        self.keepalive: Callable[[PeerLink], int] = lambda link: KEEPALIVE
        self.carried: Callable[[IPv4Address], int] = lambda address: 0
        self.remembered: Callable[[bytes], tuple[Endpoint, ...]] = lambda identity: ()
